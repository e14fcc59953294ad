from collections.abc import Sequence

import pytest

from exectune.calculator import CalculationError
from exectune.cores.base import Reply
from exectune.ledger import Billed
from exectune.protocols.direct import PREFIX, execute, read_alone
from exectune.strategy import Strategy
from exectune.task import Task

QUESTION = "Ana has 3 boxes of 8 pens and 5 loose pens. How many pens has she?"
TASK = Task("t", "test", "boxes", QUESTION, (), "29")
BOXES = Strategy(("Multiply 3 by 8.", "Add 5 to the result of step 1."))
THIRD = Strategy(("Divide 10 by 3.",))


def carried_out(strategy: Strategy, reply: str, **more: str) -> tuple[str | None, str, int | None, str]:
    """Answer, reason, failed step and error for one reply."""

    def ask(prefix: str, prompts: Sequence[str]) -> list[Billed]:
        assert prefix == PREFIX
        (prompt,) = prompts
        assert QUESTION in prompt
        assert strategy.text in prompt
        return [Billed(Reply(reply, 10, 10, 0.1, **more), 0.0, False)]  # type: ignore[arg-type]

    (execution,) = execute([TASK], [strategy], ask)
    answer = None if execution.answer is None else str(execution.answer)
    return answer, execution.reason, execution.failed_step, execution.error


@pytest.mark.parametrize(
    "reply",
    [
        "Step 1: 3 * 8 = 24\nStep 2: 24 + 5 = 29\nAnswer: 29",
        "Step 1: 3 × 8 = 24\nStep 2: 5 + 24 = 29\n\nAnswer: 29\n",
        "**Step 1:** 8 * 3 = 24\n**Step 2:** 24 + 5 = $29\n**Answer:** 29 pens",
        "Here is the work.\nStep 1: 3 * 8 = 24.0\nStep 2: 24 + 5 = 29\nAnswer: 29.00",
    ],
)
def test_a_reply_with_a_right_line_a_step_and_the_answer_is_executed(reply: str) -> None:
    assert carried_out(BOXES, reply) == ("29", "", None, "")


@pytest.mark.parametrize(
    ("reply", "reason", "failed_step"),
    [
        ("Answer: 29", "step_missing", 1),
        ("Step 1: 3 * 8 = 24\nAnswer: 29", "step_missing", 2),
        ("Step 1: 3 * 9 = 27\nStep 2: 27 + 5 = 32\nAnswer: 32", "operand_missing", 1),
        ("Step 1: 3 * 8 = 25\nStep 2: 25 + 5 = 30\nAnswer: 30", "result_differs", 1),
        ("Step 1: 3 * 8 = 24\nStep 2: 24 + 5 = 29\nAnswer: 30", "answer_differs", 2),
        ("Step 1: 3 * 8 = 24\nStep 2: 24 + 5 = 29", "answer_differs", 2),
        ("Step 1: three times eight = 24\nStep 2: 24 + 5 = 29\nAnswer: 29", "not_an_expression", 1),
        ("Step 1: 3 * 8 + 0 * 7 = 24\nStep 2: 24 + 5 = 29\nAnswer: 29", "operand_invented", 1),
        ("", "step_missing", 1),
    ],
)
def test_any_other_reply_is_not(reply: str, reason: str, failed_step: int) -> None:
    assert carried_out(BOXES, reply) == (None, reason, failed_step, "")


@pytest.mark.parametrize(
    ("result", "good"), [("3.33", True), ("3.3", True), ("3", False), ("3.34", False), ("3.333333", True)]
)
def test_a_result_may_be_rounded_as_far_as_it_is_written(result: str, good: bool) -> None:
    answer, reason, _, _ = carried_out(THIRD, f"Step 1: 10 / 3 = {result}\nAnswer: {result}")
    assert (answer == "10/3", reason) == (good, "" if good else "result_differs")


def test_a_reply_that_a_filter_held_back_is_an_error_and_no_failure_of_the_strategy() -> None:
    answer, reason, _, error = carried_out(BOXES, "", stop_reason="content_filter")
    assert (answer, reason, error) == (None, "", "refused: content_filter")


def test_the_core_alone_is_read_at_its_last_answer() -> None:
    assert read_alone("Answer: 12?\nNo, 3 * 8 = 24, and 5 more.\nAnswer: 1,029 pens") == 1029
    with pytest.raises(CalculationError):
        read_alone("It is twenty-nine.")
