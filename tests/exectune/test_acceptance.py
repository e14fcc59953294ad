import pytest

from exectune.acceptance import SCHEMA, keep_settled, settled, to_frame, try_candidates
from exectune.candidate import OTHER_WORDING, Candidate, Tried
from exectune.ledger import Ledger
from exectune.params import Params
from exectune.policy import GuideCorePolicy
from exectune.strategy import Strategy
from tests.scripted import GOLD, TASK, core, plan, task

TWO = task(2)
STEPS = {
    "right": ("Multiply 3 by 8.", "Add 5 to the result of step 1."),
    "not understood": ("Take 8 three times.", "Add 5 to the result of step 1."),
    "misread": ("Multiply 3 by 8.", "Reduce the result of step 1 by 5."),
    "wrong": ("Add 3 to 8.", "Add 5 to the result of step 1."),
    "leak": ("Multiply 3 by 8.", "The answer is 29."),
    "long": ("x" * 121,),
    "slow": ("Slowly add 5 to 24.",),
}


def candidate(name: str, number: int = 0) -> Candidate:
    return Candidate(TASK, number, Strategy(STEPS[name]).text, ("some/wording",) * len(STEPS[name]))


@pytest.fixture
def policy(ledger: Ledger, settings: Params) -> GuideCorePolicy:
    return GuideCorePolicy(None, core(), ledger, settings)


def tried_once(policy: GuideCorePolicy, *candidates: Candidate) -> list[Tried]:
    return try_candidates(policy, candidates, round_number=1, accepted=set())


@pytest.mark.parametrize(
    ("name", "reason", "failed_step"),
    [
        ("right", "", None),
        ("not understood", "not_an_expression", 1),
        ("misread", "operand_missing", 2),
        ("wrong", "wrong_answer", None),
        ("leak", "leak", None),
        ("long", "too_long", None),
        ("slow", "over_budget", None),
    ],
)
def test_a_candidate_is_kept_or_has_a_reason(
    policy: GuideCorePolicy, name: str, reason: str, failed_step: int | None
) -> None:
    (tried,) = tried_once(policy, candidate(name))
    assert (tried.accepted, tried.reason, tried.failed_step) == (reason == "", reason, failed_step)


def test_the_same_strategy_for_the_same_task_is_kept_once(policy: GuideCorePolicy) -> None:
    kept: set[tuple[str, str]] = set()
    first = [
        candidate("right"),
        candidate("right", 1),
        Candidate(TWO, 0, Strategy(("Multiply 2 by 8.",)).text, ("m",)),
    ]
    tried = try_candidates(policy, first, round_number=1, accepted=kept)
    assert [one.reason for one in tried] == ["", "duplicate", ""]
    (again,) = try_candidates(policy, [candidate("right", 2)], round_number=2, accepted=kept)
    assert again.reason == "duplicate"
    assert kept == {(TASK.id, GOLD), (TWO.id, Strategy(("Multiply 2 by 8.",)).text)}


def test_a_candidate_that_failed_does_not_make_the_next_one_a_duplicate(policy: GuideCorePolicy) -> None:
    kept: set[tuple[str, str]] = set()
    twice = [candidate("wrong"), candidate("wrong", 1)]
    tried = try_candidates(policy, twice, round_number=1, accepted=kept)
    assert [one.reason for one in tried] == ["wrong_answer", "wrong_answer"]
    assert kept == set()


def test_every_candidate_is_in_the_table_accepted_or_with_a_reason(policy: GuideCorePolicy) -> None:
    candidates = [candidate(name, number) for number, name in enumerate([*STEPS, "right"])]
    frame = to_frame(tried_once(policy, *candidates))
    assert dict(frame.schema) == {name: frame.schema[name] for name in SCHEMA}
    accepted, rejected = frame.filter("accepted"), frame.remove("accepted")
    assert (accepted.height, rejected.height) == (1, len(candidates) - 1)
    assert frame["candidate"].to_list() == list(range(len(candidates)))
    assert (accepted["reason"] == "").all()
    assert (rejected["reason"] != "").all()
    (row,) = accepted.to_dicts()
    assert (row["strategy"], row["wordings"], row["round"]) == (GOLD, ["some/wording"] * 2, 1)
    assert (row["replies"], row["answer"], row["failed_step"]) == (["3 * 8", "5 + 24"], "29", None)


def test_a_candidate_costs_what_the_core_cost(policy: GuideCorePolicy, ledger: Ledger) -> None:
    frame = to_frame(tried_once(policy, candidate("right"), candidate("leak")))
    assert frame["usd"].to_list() == [pytest.approx(ledger.totals()["usd"].sum()), 0.0]


def test_no_candidates_are_an_empty_table(policy: GuideCorePolicy) -> None:
    assert to_frame(tried_once(policy)).columns == list(SCHEMA)


def worded(number: int, *steps: tuple[str, str]) -> Candidate:
    texts, names = zip(*steps, strict=True)
    return Candidate(task(number), 0, Strategy(texts).text, names)


def test_strategies_settle_on_the_wording_that_the_core_surely_carries_out(policy: GuideCorePolicy) -> None:
    tried = tried_once(
        policy,
        worded(2, ("Make 2 groups of 8.", "multiply/groups")),
        worded(3, ("Multiply 3 by 8.", "multiply/multiply")),
        worded(
            4,
            ("Multiply 4 by 8.", "multiply/multiply"),
            ("Reduce the result of step 1 by 2.", "subtract/reduce"),
        ),
        Candidate(task(5), 0, Strategy(("Make a sum of fives.",)).text, ()),  # in its author's own words
    )
    last = {one.task.id: one for one in settled(tried)}
    assert {name: one.wordings for name, one in last.items()} == {
        task(2).id: ("multiply/multiply",),
        task(3).id: ("multiply/multiply",),
        task(4).id: ("multiply/multiply", "subtract/reduce"),  # no other way to subtract was tried
    }
    assert last[task(2).id].text == plan(2)


def test_a_settled_strategy_stands_alone_only_where_it_was_accepted(policy: GuideCorePolicy) -> None:
    slow = Strategy(("Subtract 3 from 19.",)).text
    tried = tried_once(
        policy,
        worded(2, ("Subtract 3 from 19.", "subtract/subtract")),
        worded(2, ("Multiply 2 by 8.", "multiply/multiply")),
        worded(3, ("Multiply 3 by 8.", "multiply/multiply")),
    )
    last = [Candidate(task(2), 0, plan(2), ()), Candidate(task(3), 0, "not accepted", ())]
    after = keep_settled(tried, last)
    assert [(one.candidate.text, one.reason) for one in after] == [
        (slow, OTHER_WORDING),
        (plan(2), ""),
        (plan(3), ""),
    ]
