from typing import get_args

import pytest

from exectune.guides.teacher_prompt import INVALID, NOT_CARRIED_OUT, block_of, feedback, system_prompt
from exectune.protocols.execution import FailReason
from exectune.strategy import REASONS, Strategy, parse
from tests.scripted import GOLD, outcome


def test_every_reason_has_words() -> None:
    assert set(INVALID) == set(REASONS)
    assert set(NOT_CARRIED_OUT) <= set(get_args(FailReason))


def test_the_example_in_the_prompt_is_a_strategy() -> None:
    prompt = system_prompt(6, 120)
    assert "At most 6 steps, each of at most 120 characters" in prompt
    assert isinstance(parse(block_of(prompt, False), max_steps=6, max_step_chars=120), Strategy)


@pytest.mark.parametrize(
    ("reply", "stopped", "expected"),
    [
        (GOLD, True, GOLD),
        (f"Sure!\n{GOLD}\nGood luck.", True, GOLD),
        (GOLD.removesuffix("</strategy>"), True, GOLD),  # the stop is not in the reply
        (GOLD.removesuffix("</strategy>"), False, GOLD.removesuffix("</strategy>").strip()),  # cut off
        (" I cannot. ", True, "I cannot."),
    ],
)
def test_the_block_is_taken_out_of_a_reply(reply: str, stopped: bool, expected: str) -> None:
    assert block_of(reply, stopped) == expected


def test_feedback_quotes_the_reply_to_the_failing_step_and_not_the_gold_answer() -> None:
    failed = outcome(
        executed=False, correct=False, failed_step=1, reason="not_an_expression", replies=("no idea",)
    )
    assert 'step 1, "Multiply 3 by 8.". It wrote\n\nno idea\n\nwhich is no arithmetic' in feedback(failed)
    whole = outcome(
        executed=False, correct=False, failed_step=2, reason="step_missing", replies=("Step 1: …",)
    )
    assert 'step 2, "Add 5 to the result of step 1."' in feedback(whole)
    assert "29" not in feedback(failed) + feedback(whole)


def test_feedback_on_a_reply_that_is_too_long_says_so() -> None:
    assert feedback(outcome(in_budget=False)).startswith("The other model wrote too much")
