"""Wordings counted by hand."""

from fractions import Fraction

import polars as pl
import pytest

from exectune.wordings import rates, shares, unrecognised, wanted


def block(*steps: str) -> str:
    return "\n".join(["<strategy>", *(f"{i}. {step}" for i, step in enumerate(steps, 1)), "</strategy>"])


def candidate(round_: int, steps: list[str], wordings: list[str], replies: list[str]) -> dict[str, object]:
    return {"round": round_, "strategy": block(*steps), "wordings": wordings, "replies": replies}


@pytest.mark.parametrize(
    ("wording", "step", "result"),
    [
        ("subtract/take_away", "Take 2 away from 9.", Fraction(7)),
        ("subtract/lower", "Lower 9 by the result of step 1.", Fraction(12)),
        ("divide/goes_into", "Work out how many times 4 goes into 10.", Fraction(5, 2)),
        ("multiply/repeat", "Repeat 6 3 times and add it all up.", Fraction(18)),
    ],
)
def test_a_wording_says_what_its_step_comes_to(wording: str, step: str, result: Fraction) -> None:
    assert wanted(wording, step, [Fraction(-3)]) == result


def test_a_step_counts_until_the_first_that_is_not_carried_out() -> None:
    steps = ["Reduce 9 by 2.", "Combine the result of step 1 with 5.", "Multiply 2 by the result of step 2."]
    words = ["subtract/reduce", "add/combine", "multiply/multiply"]
    rows = [
        candidate(0, steps, words, ["9 - 2", "7 + 5", "2 * 12"]),
        candidate(0, steps, words, ["9 - 2", "7 * 5", "2 * 35"]),
        candidate(0, steps, words, ["9 / 2"]),
        candidate(1, steps, words, ["9 - 2", "7 + 5", "2 * 12"]),  # a revision: chosen by what failed
    ]
    found = rates(pl.DataFrame(rows))
    counted = {row["wording"]: (row["value"], row["n"]) for row in found.to_dicts()}
    assert counted == {
        "subtract/reduce": (pytest.approx(2 / 3), 3),
        "add/combine": (0.5, 2),
        "multiply/multiply": (1.0, 1),
    }


def test_shares_are_of_the_steps_of_one_operation() -> None:
    texts = [block("Add 1 to 2.", "Combine 3 with 4."), block("Add 5 to 6.", "Multiply 2 by 3."), "no block"]
    outcomes = pl.DataFrame(
        {"arm": ["rl"] * 3, "strategy": texts, "error": [None] * 3}, schema_overrides={"error": pl.String}
    )
    found = {row["wording"]: row["share"] for row in shares(outcomes, ["rl"]).to_dicts()}
    assert found == {
        "add/add": pytest.approx(2 / 3),
        "add/combine": pytest.approx(1 / 3),
        "multiply/multiply": 1.0,
    }


def test_steps_in_words_of_the_guides_own_are_counted_apart() -> None:
    outcomes = pl.DataFrame(
        {"arm": ["rl"], "strategy": [block("Add 1 to 2.", "Think of 3 and 4.")], "error": [None]},
        schema_overrides={"error": pl.String},
    )
    assert unrecognised(outcomes, ["rl"]) == {"rl": (1, 2)}
