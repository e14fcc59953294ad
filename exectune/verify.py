"""Verify: is an answer right, and what do gold steps come to. In: text. Out: a verdict, or exact fractions.

`is_right` is total: any text is right or wrong, nothing raises. Numbers are compared as exact fractions,
within one part in a million, because answers are written with six decimals. A gold answer that is no number is an
expression in LaTeX, compared by `latex.equal`.
"""

import re
from collections.abc import Sequence
from fractions import Fraction

from exectune import latex
from exectune.calculator import CalculationError, evaluate

TOLERANCE = Fraction(1, 1_000_000)
STEP = re.compile(r"\s*(#\d+|-?\d+(?:\.\d+)?)\s*([-+*/])\s*(#\d+|-?\d+(?:\.\d+)?)\s*")


def is_right(answer: str, gold: str) -> bool:
    """Whether `answer` is the number, or the expression, `gold`."""
    try:
        wanted = evaluate(gold)
    except CalculationError:
        return latex.equal(answer, gold)
    try:
        given = evaluate(answer)
    except CalculationError:
        return False
    return abs(given - wanted) <= TOLERANCE * max(Fraction(1), abs(wanted))


def split_step(step: str) -> tuple[str, str, str]:
    """The left operand, the operator and the right operand of one gold step (`"#1 + 5"`).

    Raises:
        CalculationError: the step is not one operation on numbers or `#k`.
    """
    parts = STEP.fullmatch(step)
    if parts is None:
        raise CalculationError("not_one_operation")
    left, sign, right = parts.groups()
    return left, sign, right


def results(steps: Sequence[str]) -> list[Fraction]:
    """The result of every gold step, in order.

    Raises:
        CalculationError: no steps, a step that is not one operation, or a reference to no earlier step.
    """
    if not steps:
        raise CalculationError("no_steps")
    values: list[Fraction] = []
    for step in steps:
        left, sign, right = split_step(step)
        values.append(_apply(_operand(left, values), sign, _operand(right, values)))
    return values


def steps_value(steps: Sequence[str]) -> Fraction:
    """What gold steps come to: the result of the last one. Raises as `results`."""
    return results(steps)[-1]


def _operand(text: str, values: Sequence[Fraction]) -> Fraction:
    if not text.startswith("#"):
        return evaluate(text)
    number = int(text[1:])
    if not 1 <= number <= len(values):
        raise CalculationError("dangling_reference")
    return values[number - 1]


def _apply(left: Fraction, sign: str, right: Fraction) -> Fraction:
    if sign == "+":
        return left + right
    if sign == "-":
        return left - right
    if sign == "*":
        return left * right
    if right == 0:
        raise CalculationError("division_by_zero")
    return left / right
