"""Execution: what a core made of one strategy, and the check that it carried a step out.

Whether a step was carried out is decided without the gold answer: there is one expression for it, it evaluates, and it
uses the operands that the step names, each as often as the step names it, and no others (a number that a word implies,
as half or dozen do, may stand in it).
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, Protocol

from exectune import calculator
from exectune.strategy import REFERENCE, Strategy, numbers
from exectune.task import Task

if TYPE_CHECKING:
    from exectune.ledger import Billed

IMPLIED: dict[str, tuple[Fraction, ...]] = {
    "half": (Fraction(2), Fraction(1, 2)),
    "halve": (Fraction(2), Fraction(1, 2)),
    "double": (Fraction(2),),
    "twice": (Fraction(2),),
    "triple": (Fraction(3),),
    "third": (Fraction(3), Fraction(1, 3)),
    "quarter": (Fraction(4), Fraction(1, 4)),
    "dozen": (Fraction(12),),
    "percent": (Fraction(100), Fraction(1, 100)),
    "one": (Fraction(1),),
}

FailReason = Literal[
    "not_an_expression",
    "division_by_zero",
    "out_of_bounds",
    "too_long",
    "operand_missing",
    "operand_invented",
    "step_missing",  # these three where the core writes all steps in one reply
    "result_differs",
    "answer_differs",
]
Ask = Callable[[str, Sequence[str]], Sequence["Billed"]]  # prefix, prompts: one reply a prompt, in order


@dataclass
class Execution:
    """What the core made of one strategy, step by step, as far as it came.

    `instructions` and `values` have an entry a step that was asked, or carried out in the case of `values`.
    `reason` is empty where every step was carried out, else a `FailReason` for the step after the last value.
    `error` says that the core did not answer: nothing is known of the strategy then.
    """

    steps: int
    instructions: list[str] = field(default_factory=list)
    calls: list["Billed"] = field(default_factory=list)
    values: list[Fraction | str] = field(default_factory=list)
    reason: str = ""
    error: str = ""

    @property
    def executed(self) -> bool:
        """Whether the core carried out every step."""
        return len(self.values) == self.steps

    @property
    def failed_step(self) -> int | None:
        """The number of the step that was not carried out, counted from 1."""
        return None if self.executed else len(self.values) + 1

    @property
    def answer(self) -> Fraction | str | None:
        """The value of the last step."""
        return self.values[-1] if self.executed else None

    @property
    def replies(self) -> list[str]:
        """The core's replies."""
        return [call.reply.text.strip() for call in self.calls]


class CoreProtocol(Protocol):
    """How a core is asked and read; the modules `program` and `direct` are two, `code.CodeProtocol` is one."""

    @property
    def VERSION(self) -> str: ...
    @property
    def STOP(self) -> str: ...  # what ends a reply
    @property
    def ALONE_PREFIX(self) -> str: ...

    def execute(self, tasks: Sequence[Task], strategies: Sequence[Strategy], ask: Ask) -> list[Execution]:
        """Have the core carry strategies out, one for each task."""
        ...

    def alone_prompt(self, question: str) -> str:
        """What a core is asked without a strategy, after `ALONE_PREFIX`."""
        ...

    def read_alone(self, reply: str) -> Fraction | str:
        """The answer in its reply.

        Raises:
            CalculationError: there is none; why.
        """
        ...


def instruct(step: str, values: Sequence[Fraction | str]) -> str:
    """A step with the results that it refers to written out."""

    def written(match: re.Match[str]) -> str:
        value = values[int(match[1]) - 1]
        return calculator.format_value(value) if isinstance(value, Fraction) else value

    return REFERENCE.sub(written, step)


def check_step(instruction: str, expression: str) -> Fraction:
    """The value of an expression that carries an instruction out.

    Raises:
        CalculationError: it does not; the reason is a `FailReason`.
    """
    value = calculator.evaluate(expression)
    used = Counter(calculator.literals(expression))
    named = Counter(numbers(instruction))
    if named - used:
        raise calculator.CalculationError("operand_missing")
    if any(number not in _implied(instruction) for number in used - named):
        raise calculator.CalculationError("operand_invented")
    return value


def _implied(instruction: str) -> set[Fraction]:
    words = re.findall(r"[a-z]+", instruction.lower()) + (["percent"] if "%" in instruction else [])
    return {number for word in words for number in IMPLIED.get(word.removesuffix("s"), ())}
