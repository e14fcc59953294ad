"""Figures as text: percentages, USD, intervals and p-values, written the same way everywhere."""

from collections.abc import Mapping
from typing import Any

SPLIT_NAMES = {"test": "test", "held_out": "held-out"}


def percent(share: float | None) -> str:
    """`0.81` is `81.0`; the sign % belongs to the heading."""
    return "–" if share is None else f"{100 * share:.1f}"


def percent_range(cell: Mapping[str, Any]) -> str:
    return f"{percent(cell['low'])}–{percent(cell['high'])}"


def rate(cell: Mapping[str, Any]) -> str:
    """`81.0 % (75.0–85.8, n = 200)`."""
    return f"{percent(cell['value'])} % ({percent_range(cell)}, n = {cell['n']})"


def number(value: float) -> str:
    """As many digits as a table wants: `1,230`, `12.4`, `0.412`, `0.0061`."""
    size = abs(value)
    return (
        f"{value:,.{0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3 if size >= 0.1 else 4}f}"
    )


def count(value: float) -> str:
    """A mean number of tokens."""
    return f"{value:,.0f}"


def seconds(value: float) -> str:
    return f"{value:,.{3 if value < 1 else 2}f}"


def usd(value: float | None) -> str:
    """USD with three significant digits and no exponent: `0.000328`."""
    if value is None:
        return "–"
    if value == 0 or abs(value) >= 1:
        return f"{value:,.2f}"
    text = f"{value:.12f}".rstrip("0")
    digits = len(text.split(".")[1]) - len(text.split(".")[1].lstrip("0"))
    return f"{value:.{digits + 3}f}"


def signed(value: float, digits: int = 1) -> str:
    """`+7.0` or `−7.0`, with a true minus; what rounds to nought has no sign."""
    text = f"{abs(value):.{digits}f}"
    if float(text) == 0:
        return text
    return ("+" if value > 0 else "−") + text


def p_value(p: float) -> str:
    """`< 0.0001`, `0.032`, `0.61`."""
    if p < 0.0001:
        return "< 0.0001"
    return f"{p:.4f}" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def p_clause(p: float) -> str:
    """`p < 0.0001` or `p = 0.032`."""
    text = p_value(p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def split_name(split: str) -> str:
    return SPLIT_NAMES.get(split, split)
