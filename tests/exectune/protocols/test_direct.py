from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest

from exectune.calculator import CalculationError
from exectune.cores.base import Reply
from exectune.ledger import Billed, Ledger
from exectune.params import Params
from exectune.policy import GuideCorePolicy
from exectune.protocols.direct import PREFIX, execute, read_alone
from exectune.strategy import Strategy
from exectune.task import Task
from tests.scripted import Scripted

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
        r"Step 1: 3 * 8 = 24 \text{ pens}" + "\nStep 2: 24 + 5 = 29\nAnswer: \\boxed{29}.",
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


ROOTS = Strategy(("Take the root of 50.", "Divide the result of step 1 by 5."))
STEPS = r"Step 1: \sqrt{50} = 5\sqrt{2}" + "\n" + r"Step 2: \frac{5\sqrt{2}}{5} = \sqrt{2}" + "\n"


@pytest.mark.parametrize("answer", [r"\sqrt{2}", r"$\sqrt{2}$", r"\boxed{\sqrt{2}}.", r"**\( 2^{1/2} \)**"])
def test_what_is_no_arithmetic_is_carried_out_in_latex(answer: str) -> None:
    value, reason, _, _ = carried_out(ROOTS, f"{STEPS}Answer: {answer}")
    assert (value, reason) == (r"\sqrt{2}", "")


@pytest.mark.parametrize(
    ("reply", "reason", "failed_step"),
    [
        (f"{STEPS}Answer: 2", "answer_differs", 2),
        (STEPS, "answer_differs", 2),
        (STEPS.replace(r"\sqrt{50} =", r"\sqrt{60} =") + r"Answer: \sqrt{2}", "operand_missing", 1),
        (STEPS.replace(r"{5\sqrt{2}}{5} =", r"{5\sqrt{3}}{5} =") + r"Answer: \sqrt{2}", "operand_missing", 2),
        (STEPS.replace(r" = 5\sqrt{2}", " = some root") + r"Answer: \sqrt{2}", "not_an_expression", 1),
        (STEPS.replace(r" = 5\sqrt{2}", "") + r"Answer: \sqrt{2}", "step_missing", 1),
        (STEPS.replace(r" = 5\sqrt{2}", " = 7.07") + r"Answer: \sqrt{2}", "not_an_expression", 1),
    ],
)
def test_a_step_in_latex_needs_its_numbers_and_maths_as_its_result(
    reply: str, reason: str, failed_step: int
) -> None:
    assert carried_out(ROOTS, reply)[1:3] == (reason, failed_step)


@pytest.mark.parametrize(
    ("result", "answer", "reason"),
    [
        (r"\frac{10}{3}", r"\frac{10}{3}", ""),
        (r"\frac{10}{3}", "3.33", ""),
        ("3.33", "10/3", ""),
        (r"\frac{10}{4}", r"\frac{10}{4}", "result_differs"),
        (r"\frac{10}{3}", r"\frac{10}{4}", "answer_differs"),
    ],
)
def test_a_fraction_in_latex_is_held_against_what_the_expression_gives(
    result: str, answer: str, reason: str
) -> None:
    value, found, _, _ = carried_out(THIRD, f"Step 1: 10 / 3 = {result}\nAnswer: {answer}")
    assert (value, found) == (None if reason else "10/3", reason)


def test_a_reply_that_a_filter_held_back_is_an_error_and_no_failure_of_the_strategy() -> None:
    answer, reason, _, error = carried_out(BOXES, "", stop_reason="content_filter")
    assert (answer, reason, error) == (None, "", "refused: content_filter")


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("12?\nNo, 3 * 8 = 24, and 5 more.\nAnswer: 1,029 pens", Fraction(1029)),
        ("$18", Fraction(18)),
        (".5", Fraction(1, 2)),
        (r"\$18.50", Fraction(37, 2)),
        ("**-5**", Fraction(-5)),
        ("29 (pens)", Fraction(29)),
        (r"50\%", Fraction(50)),
        (r"$90^\circ$", Fraction(90)),
        (r"12 \text{ cm}", Fraction(12)),
        (r"\boxed{7}", Fraction(7)),
        ("5 m", Fraction(5)),
        ("3x", "3x"),
        (r"2\pi", r"2\pi"),
        ("5-x", "5-x"),
        ("2 + 3i", "2 + 3i"),
        (r"$\frac{1}{2}$.", r"\frac{1}{2}"),
        ("(1, 2)", "(1, 2)"),
        (r"\(x \geq 3\)", r"x \geq 3"),
    ],
)
def test_the_core_alone_is_read_at_its_last_answer(answer: str, value: Fraction | str) -> None:
    assert read_alone(f"Answer: {answer}") == value


def test_a_reply_without_an_answer_is_none() -> None:
    with pytest.raises(CalculationError):
        read_alone("It is twenty-nine.")


@pytest.mark.parametrize(
    ("gold", "written", "right"),
    [
        (r"\frac{1}{2}", "0.5", True),
        (r"3\sqrt{2}", r"$\sqrt{18}$", True),
        ("3x", "x + 2x", True),
        ("3x", "3", False),
        (r"2\pi", "2", False),
        ("(1, 2)", "(1,2)", True),
        ("29", "29 pens", True),
    ],
)
def test_an_answer_of_the_core_alone_is_compared_as_its_gold_answer_is(
    gold: str, written: str, right: bool, ledger: Ledger, settings: Params
) -> None:
    protocol = settings.protocol.model_copy(update={"name": "direct"})
    core = Scripted("core", lambda _: f"Let me see.\nAnswer: {written}")
    policy = GuideCorePolicy(None, core, ledger, settings.model_copy(update={"protocol": protocol}))
    [outcome] = policy.run([replace(TASK, answer=gold)], arm="core", run_id="")
    assert outcome.correct is right
