"""The calculator that evaluates what a core writes: an AST whitelist over exact fractions.

In: one expression as text (`"(3 + 4) * 2"`). Out: a `Fraction`, or `CalculationError` with a reason. Numbers,
+ - * / // % **, unary minus and parentheses; nothing else, and nothing large: an expression is at most 200
characters, a result at most 1e15 in magnitude, an exponent a whole number of at most 20.
"""

import ast
import operator
import re
from collections.abc import Callable
from fractions import Fraction

MAX_CHARS = 200
MAX_MAGNITUDE = Fraction(10**15)
MAX_EXPONENT = 20
CHARACTERS = re.compile(r"[0-9.eE+\-*/%()\s]*", re.ASCII)
SIGNS = str.maketrans({"×": "*", "x": "*", "X": "*", "·": "*", "÷": "/", "−": "-", "–": "-"})


class CalculationError(Exception):
    """The text is not an expression that the calculator evaluates; `str(error)` is the reason."""


BINARY: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction | int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


def normalise(expression: str) -> str:
    """The expression in Python's operators: `×` and `x` become `*`, a thousands comma and a currency sign go."""
    plain = expression.strip().rstrip(".").translate(SIGNS).replace("$", "")
    return plain.replace(",", "")


def parse(expression: str) -> ast.expr:
    """The syntax tree of one expression.

    Raises:
        CalculationError: the text is empty, too long or not an expression.
    """
    if len(expression) > MAX_CHARS:
        raise CalculationError("too_long")
    plain = normalise(expression)
    if not CHARACTERS.fullmatch(plain):  # Python would read comments too, and warn on stderr of `12if`
        raise CalculationError("not_an_expression")
    try:
        return ast.parse(plain, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise CalculationError("not_an_expression") from None


def evaluate(expression: str) -> Fraction:
    """The exact value of one expression.

    Raises:
        CalculationError: not an expression, a name or call in it, division by zero, or out of bounds.
    """
    return _value(parse(expression))


def literals(expression: str) -> list[Fraction]:
    """The numbers written in an expression, each as often as it occurs.

    Raises:
        CalculationError: as `evaluate`.
    """
    nodes = [node for node in ast.walk(parse(expression)) if isinstance(node, ast.Constant)]
    return [_constant(node) for node in nodes]


def format_value(value: Fraction) -> str:
    """A value as a person writes it: `24`, `2.5`; at most six decimals."""
    if value.denominator == 1:
        return str(value.numerator)
    return f"{float(value):.6f}".rstrip("0").rstrip(".")


def _constant(node: ast.Constant) -> Fraction:
    if isinstance(node.value, bool) or not isinstance(node.value, int | float):
        raise CalculationError("not_an_expression")
    if abs(node.value) > MAX_MAGNITUDE:  # infinity too
        raise CalculationError("out_of_bounds")
    return _bounded(Fraction(str(node.value)))


def _bounded(value: Fraction) -> Fraction:
    if abs(value) > MAX_MAGNITUDE or value.denominator > MAX_MAGNITUDE:
        raise CalculationError("out_of_bounds")
    return value


def _value(node: ast.expr) -> Fraction:
    if isinstance(node, ast.Constant):
        return _constant(node)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        value = _value(node.operand)
        return -value if isinstance(node.op, ast.USub) else value
    if not isinstance(node, ast.BinOp):
        raise CalculationError("not_an_expression")
    left, right = _value(node.left), _value(node.right)
    if isinstance(node.op, ast.Pow):
        return _power(left, right)
    if type(node.op) not in BINARY:
        raise CalculationError("not_an_expression")
    try:
        return _bounded(Fraction(BINARY[type(node.op)](left, right)))
    except ZeroDivisionError:
        raise CalculationError("division_by_zero") from None


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1 or abs(exponent) > MAX_EXPONENT:
        raise CalculationError("out_of_bounds")
    if base == 0 and exponent < 0:
        raise CalculationError("division_by_zero")
    return _bounded(base ** int(exponent))
