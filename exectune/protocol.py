"""Protocol `program`: how a core carries a strategy out, and whether it did.

In: a strategy. The core is asked for one arithmetic expression a step, with "the result of step K" replaced by the
value that the calculator gave for step K; the calculator evaluates it. Out: an `Execution`. Whether a step was
carried out is decided without the gold answer: its reply is one expression, it evaluates, and it uses the operands
that the step names, each as often as the step names it, and no others (a number that a word implies, as half or
dozen do, may stand in it). The last step's value is the answer.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from exectune import calculator
from exectune.ledger import Billed
from exectune.strategy import REFERENCE, Strategy, numbers

VERSION = "program-1"

STEP_PREFIX = """Instruction: Add 7 to 12.
Expression: 12 + 7

Instruction: Subtract 6 from 30.
Expression: 30 - 6

Instruction: Multiply 9 by 4.
Expression: 9 * 4

Instruction: Divide 56 by 8.
Expression: 56 / 8

"""

ALONE_PREFIX = """Question: A farmer has 4 pens with 12 sheep in each, and 5 goats. How many animals are there?
Expression: 4 * 12 + 5

Question: Nora earns 15 dollars an hour. How much does she earn in 6 hours?
Expression: 15 * 6

Question: There were 80 chairs. 26 were sold and the rest were put into 9 equal rows. How many are in a row?
Expression: (80 - 26) / 9

Question: A jug holds 35 cups. It is filled 3 times and 12 cups are spilt. How many cups are left?
Expression: 35 * 3 - 12

"""

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
]


@dataclass
class Execution:
    """What the core made of one strategy, step by step, as far as it came.

    `instructions`, `calls` and `values` have an entry a step that was asked, carried out in the case of `values`.
    `reason` is empty where every step was carried out, else a `FailReason` for the step after the last value.
    """

    steps: int
    instructions: list[str] = field(default_factory=list)
    calls: list[Billed] = field(default_factory=list)
    values: list[Fraction] = field(default_factory=list)
    reason: str = ""

    @property
    def executed(self) -> bool:
        """Whether the core carried out every step."""
        return len(self.values) == self.steps

    @property
    def failed_step(self) -> int | None:
        """The number of the step that was not carried out, counted from 1."""
        return None if self.executed else len(self.values) + 1

    @property
    def answer(self) -> Fraction | None:
        """The value of the last step."""
        return self.values[-1] if self.executed else None

    @property
    def replies(self) -> list[str]:
        """The core's reply to each step that was asked."""
        return [call.reply.text.strip() for call in self.calls]


Ask = Callable[[Sequence[str]], Sequence[Billed]]


def step_prompt(instruction: str) -> str:
    """The core's prompt for one step, after `STEP_PREFIX`."""
    return f"Instruction: {instruction}\nExpression:"


def alone_prompt(question: str) -> str:
    """The core's prompt for a whole problem, after `ALONE_PREFIX`: one expression for all of it."""
    return f"Question: {question}\nExpression:"


def instruct(step: str, values: Sequence[Fraction]) -> str:
    """A step with the results that it refers to written out."""
    return REFERENCE.sub(lambda match: calculator.format_value(values[int(match.group(1)) - 1]), step)


def check_step(instruction: str, reply: str) -> Fraction:
    """The value of a reply that carries an instruction out.

    Raises:
        CalculationError: it does not; the reason is a `FailReason`.
    """
    value = calculator.evaluate(reply)
    used = Counter(calculator.literals(reply))
    named = Counter(numbers(instruction))
    if named - used:
        raise calculator.CalculationError("operand_missing")
    if any(number not in _implied(instruction) for number in used - named):
        raise calculator.CalculationError("operand_invented")
    return value


def execute(strategies: Sequence[Strategy], ask: Ask) -> list[Execution]:
    """Have a core carry strategies out: all their first steps in one batch, then all their second steps, and so on.

    Args:
        strategies: any number of them. Equal prompts are not merged here but by the ledger, which asks once.
        ask: the core; prompts in, replies in the same order out.
    """
    executions = [Execution(steps=len(strategy.steps)) for strategy in strategies]
    for depth in range(max((execution.steps for execution in executions), default=0)):
        todo = [
            (execution, instruct(strategy.steps[depth], execution.values))
            for strategy, execution in zip(strategies, executions, strict=True)
            if depth < execution.steps and not execution.reason
        ]
        calls = ask([step_prompt(instruction) for _, instruction in todo])
        for (execution, instruction), call in zip(todo, calls, strict=True):
            execution.instructions.append(instruction)
            execution.calls.append(call)
            try:
                execution.values.append(check_step(instruction, call.reply.text))
            except calculator.CalculationError as error:
                execution.reason = str(error)
    return executions


def _implied(instruction: str) -> set[Fraction]:
    words = re.findall(r"[a-z]+", instruction.lower()) + (["percent"] if "%" in instruction else [])
    return {number for word in words for number in IMPLIED.get(word.removesuffix("s"), ())}
