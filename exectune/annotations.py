"""Annotations: the calculator annotations of a worked solution (as GSM8K has them) → gold steps.

    … 48/2 = <<48/2=24>>24 … 48+24-2 = <<48+24-2=70>>70 …      ("48 / 2", "48 + #1", "#2 - 2")
    #### 70                                                    "70"

An expression of several operations becomes several steps, in the order of its syntax tree. A number that an
earlier step came to (exactly, or as the solution rounded it) becomes a reference to the latest such step: in a
worked solution that is what it nearly always is. It stays a number where it stands in the question and that
result has been used before. Steps that nothing uses are left out. The last step must come to the answer, or the
solution does not convert.
"""

import ast
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from exectune.calculator import CalculationError, evaluate, format_value, parse
from exectune.strategy import numbers
from exectune.verify import is_right, results, split_step, steps_value

Unconvertible = Literal[
    "no_answer",  # no line `#### 24` with a number
    "no_operation",  # no annotation, or none that calculates
    "not_an_expression",  # an annotation with letters, or with an operator that is no step
    "too_many_steps",
    "answer_differs",  # the steps come to something else than the answer
]
ANNOTATION = re.compile(r"<<([^<>]*)>>")
ANSWER = re.compile(r"####\s*(.+?)\s*\Z")
PERCENT = re.compile(r"(\d+(?:\.\d+)?)%(?!\s*[\d(])")
SIGNS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


class NoSteps(Exception):
    """A solution does not convert; `reason` says why."""

    def __init__(self, reason: Unconvertible) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Solution:
    """Gold steps and the answer that they come to."""

    steps: tuple[str, ...]
    answer: str


def convert(question: str, text: str, max_steps: int) -> Solution:
    """The gold steps of the annotated solution `text`.

    Raises:
        NoSteps: it does not convert.
    """
    answer = final_answer(text)
    steps: list[str] = []
    rounded: dict[int, Fraction] = {}  # step: its result as the solution writes it
    given = set(numbers(question))
    for annotation in ANNOTATION.findall(text):
        expression, _, written = annotation.partition("=")
        before = len(steps)
        _add_steps(_tree(expression), steps, rounded, given)
        if len(steps) > before:
            rounded |= _written(len(steps), written)
    if not steps:
        raise NoSteps("no_operation")
    used = without_unused(tuple(steps))
    if len(used) > max_steps:
        raise NoSteps("too_many_steps")
    if not is_right(format_value(steps_value(used)), answer):
        raise NoSteps("answer_differs")
    return Solution(used, answer)


def without_unused(steps: tuple[str, ...]) -> tuple[str, ...]:
    """The steps that the last one rests on, numbered anew."""
    needed = {len(steps)}
    for number in range(len(steps), 0, -1):
        if number in needed:
            needed |= {int(reference) for reference in re.findall(r"#(\d+)", steps[number - 1])}
    renumbered = {old: new for new, old in enumerate(sorted(needed), start=1)}
    return tuple(
        re.sub(r"#(\d+)", lambda match: f"#{renumbered[int(match.group(1))]}", steps[old - 1])
        for old in sorted(needed)
    )


def operations(steps: tuple[str, ...]) -> str:
    """The sequence of operations, as a family: `"divide-add"`."""
    names = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}
    return "-".join(names[split_step(step)[1]] for step in steps)


def final_answer(text: str) -> str:
    """The number that the solution ends with; raises `NoSteps` when it ends with none."""
    match = ANSWER.search(text)
    if match is None:
        raise NoSteps("no_answer")
    try:
        return format_value(evaluate(match.group(1)))
    except CalculationError:
        raise NoSteps("no_answer") from None


def _tree(expression: str) -> ast.expr:
    try:
        return parse(PERCENT.sub(r"(\1/100)", expression))
    except CalculationError:
        raise NoSteps("not_an_expression") from None


def _written(number: int, text: str) -> dict[int, Fraction]:
    try:
        return {number: evaluate(text)}
    except CalculationError:
        return {}


def _add_steps(node: ast.expr, steps: list[str], rounded: dict[int, Fraction], given: set[Fraction]) -> str:
    """Append the steps of a syntax tree; the operand by which a later step names its value."""
    if not isinstance(node, ast.BinOp):
        return _operand(_number(node), steps, rounded, given)
    if type(node.op) not in SIGNS:
        raise NoSteps("not_an_expression")
    left = _add_steps(node.left, steps, rounded, given)
    right = _add_steps(node.right, steps, rounded, given)
    steps.append(f"{left} {SIGNS[type(node.op)]} {right}")
    _check(steps)
    return f"#{len(steps)}"


def _number(node: ast.expr) -> Fraction:
    if isinstance(node, ast.UnaryOp):
        if not isinstance(node.op, ast.USub | ast.UAdd):
            raise NoSteps("not_an_expression")
        value = _number(node.operand)
        return -value if isinstance(node.op, ast.USub) else value
    try:
        return evaluate(ast.unparse(node))
    except CalculationError:
        raise NoSteps("not_an_expression") from None


def _operand(value: Fraction, steps: list[str], rounded: dict[int, Fraction], given: set[Fraction]) -> str:
    values = results(steps) if steps else []
    for number in range(len(steps), 0, -1):
        if value in (values[number - 1], rounded.get(number)):
            is_used = any(f"#{number}" in step.split() for step in steps)
            return format_value(value) if is_used and value in given else f"#{number}"
    return format_value(value)


def _check(steps: list[str]) -> None:
    try:
        results(steps)
    except CalculationError:  # division by zero
        raise NoSteps("not_an_expression") from None
