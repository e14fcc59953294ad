"""Maths: word problems. The answer is a number, or an expression in LaTeX; gold steps are one operation each."""

from exectune import calculator, latex
from exectune.calculator import CalculationError
from exectune.domains.domain import Domain, Teaching
from exectune.guides.prompt import SHOTS
from exectune.protocols import direct, program
from exectune.strategy import Strategy, leaks
from exectune.task import Task
from exectune.verify import is_right, steps_value

TEACHING = Teaching(
    about="A strategy is a plan for a word problem. You say what to compute, and compute nothing yourself.",
    rules=(
        "Numbered steps, one operation each: add, subtract, multiply or divide two numbers.",
        'The other model may not see the problem: each step names its numbers in digits, or "the result of step K".',
        "Only where arithmetic cannot do it, name another operation, and what it is done to in LaTeX.",
        "Never write the result of a step, nor the answer.",
        "The last step gives the answer.",
    ),
    not_carried_out={
        "not_an_expression": "which is no arithmetic expression",
        "operand_missing": "which leaves out a number that the step names",
        "operand_invented": "which uses a number that the step does not name",
        "step_missing": "which has no line for this step",
        "result_differs": "where the result is not that of the expression",
        "answer_differs": "where the answer is not the last step's result",
    },
    leak="It names a result. Say only what to compute.",
    wrong="The other model carried out each step, and the result is not the answer.",
)


def flaw(task: Task) -> str:
    """Why the answer, or the steps, are none."""
    if not task.answer.strip():
        return "answer is empty"
    if not _is_number(task.answer) and not latex.is_expression(task.answer):
        return f"answer {task.answer[:50]!r} is not a number, nor an expression in LaTeX"
    if not task.steps:
        return ""
    try:
        value = calculator.format_value(steps_value(task.steps))
    except CalculationError as error:
        return f"steps do not evaluate: {error}"
    if is_right(value, task.answer):
        return ""
    return f"answer {task.answer} differs from what the steps come to, {value}"


def gives_away(strategy: Strategy, task: Task) -> bool:
    """Whether the gold answer stands in the strategy and not in the question."""
    if _is_number(task.answer):
        return leaks(strategy, task.question, calculator.evaluate(task.answer))
    answer = "".join(task.answer.split())
    return answer in "".join(strategy.text.split()) and answer not in "".join(task.question.split())


def _is_number(text: str) -> bool:
    try:
        calculator.evaluate(text)
    except CalculationError:
        return False
    return True


MATHS = Domain(
    name="maths",
    flaw=flaw,
    fault=lambda *_: "",
    is_right=lambda answer, task, _: is_right(answer, task.answer),
    leaks=gives_away,
    protocols={"program": lambda _: program, "direct": lambda _: direct},
    shots=SHOTS,
    teaching=TEACHING,
)
