"""Figures as text."""

import pytest

from exectune.figures import number, p_clause, p_value, signed, usd


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.00"), (0.000328, "0.000328"), (0.00033, "0.000330"), (1234.5, "1,234.50"), (None, "–")],
)
def test_usd_keeps_three_digits_and_no_exponent(value: float | None, text: str) -> None:
    assert usd(value) == text


@pytest.mark.parametrize(("value", "text"), [(7.04, "+7.0"), (-7.0, "−7.0"), (-0.04, "0.0")])
def test_a_difference_that_rounds_to_nought_has_no_sign(value: float, text: str) -> None:
    assert signed(value) == text


@pytest.mark.parametrize(
    ("p", "text"), [(0.00002, "< 0.0001"), (0.00042, "0.0004"), (0.0321, "0.032"), (0.614, "0.61")]
)
def test_small_p_values_get_more_digits(p: float, text: str) -> None:
    assert p_value(p) == text
    assert p_clause(0.00002) == "p < 0.0001"


def test_large_numbers_have_separators_and_small_ones_digits() -> None:
    assert [number(value) for value in (1234.0, 12.34, 1.234, 0.1234, 0.01234)] == [
        "1,234",
        "12.3",
        "1.23",
        "0.123",
        "0.0123",
    ]
