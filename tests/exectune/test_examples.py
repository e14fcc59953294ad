"""What became of one strategy, in words."""

import pytest

from exectune.examples import MAX_CHARS, shortened, verdict

RIGHT = {
    "valid": True,
    "executed": True,
    "in_budget": True,
    "correct": True,
    "reason": "",
    "failed_step": None,
}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({}, "right"),
        ({"correct": False}, "carried out as written, and wrong"),
        ({"in_budget": False}, "right, over budget"),
        (
            {"executed": False, "reason": "operand_missing", "failed_step": 2},
            "not carried out at step 2: operand_missing",
        ),
        ({"valid": False, "executed": False, "reason": "leak"}, "invalid strategy: leak"),
    ],
)
def test_the_verdict_names_the_first_thing_that_went_wrong(change: dict[str, object], text: str) -> None:
    assert verdict(RIGHT | change) == text


def test_a_long_text_is_cut_and_says_so() -> None:
    assert shortened("x" * (MAX_CHARS + 7)).endswith("… (7 more characters)")
