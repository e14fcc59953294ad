import re
import warnings
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exectune.calculator import CalculationError, evaluate, format_value, literals


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("48 / 2", "24"),
        (" (80 - 26) / 9\n", "6"),
        ("1/3", "1/3"),
        ("1/3 + 1/3 + 1/3", "1"),
        ("0.1 + 0.2", "0.3"),
        ("7 // 2", "3"),
        ("7 % 4", "3"),
        ("-7 // 2", "-4"),
        ("2 ** 10", "1024"),
        ("2 ** -2", "1/4"),
        ("-2 ** 2", "-4"),
        ("+5 - -5", "10"),
        ("1e3", "1000"),
        ("1e15", "1000000000000000"),
        ("3 × 8", "24"),
        ("3 x 8", "24"),
        ("3 X 8", "24"),
        ("3·8", "24"),
        ("48 ÷ 2", "24"),
        ("5 − 2", "3"),
        ("5 – 2", "3"),
        ("$1,250.50 * 2", "2501"),
        ("48 / 2.", "24"),
    ],
)
def test_an_expression_has_its_exact_value(expression: str, value: str) -> None:
    assert evaluate(expression) == Fraction(value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not_an_expression"),
        ("24 apples", "not_an_expression"),
        ("48 / 2 = 24", "not_an_expression"),
        ("answer", "not_an_expression"),
        ("e", "not_an_expression"),
        ("nan", "not_an_expression"),
        ("True", "not_an_expression"),
        ("1j", "not_an_expression"),
        ("'a' * 9", "not_an_expression"),
        ("(1, 2)", "not_an_expression"),
        ("()", "not_an_expression"),
        ("abs(5)", "not_an_expression"),
        ("2(3)", "not_an_expression"),
        ("(1).real", "not_an_expression"),
        ("__import__('os')", "not_an_expression"),
        ("1 if 1 else 2", "not_an_expression"),
        ("1 < 2", "not_an_expression"),
        ("~1", "not_an_expression"),
        ("1 << 9", "not_an_expression"),
        ("6 @ 7", "not_an_expression"),
        ("5 # pens", "not_an_expression"),
        ("\0", "not_an_expression"),
        ("\ud800", "not_an_expression"),
        ("½", "not_an_expression"),
        ("٣ + ١", "not_an_expression"),
        ("(" * 99 + "1" + ")" * 98, "not_an_expression"),
        ("1" * 201, "too_long"),
        ("9**9**9", "out_of_bounds"),
        ("9**21", "out_of_bounds"),
        ("99999999 * 99999999", "out_of_bounds"),
        ("2 ** 0.5", "out_of_bounds"),
        ("1e400", "out_of_bounds"),
        ("-1e400", "out_of_bounds"),
        ("1e-300", "out_of_bounds"),
        ("1e16", "out_of_bounds"),
        ("9" * 200, "out_of_bounds"),
        ("1/99999999/99999999", "out_of_bounds"),
        ("1 / 0", "division_by_zero"),
        ("1 // 0", "division_by_zero"),
        ("1 % 0", "division_by_zero"),
        ("0 ** -1", "division_by_zero"),
    ],
)
def test_any_other_text_has_a_reason(text: str, reason: str) -> None:
    with pytest.raises(CalculationError, match=f"^{reason}$"):
        evaluate(text)


def test_deep_nesting_is_evaluated_or_refused() -> None:
    assert evaluate("(" * 90 + "1" + ")" * 90) == 1
    assert evaluate("-" * 198 + "1") == 1


def test_a_text_that_python_would_warn_of_is_refused_silently() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(CalculationError):
            evaluate("12if 3else 4")


ANYTHING = st.text() | st.text("0123456789.eE+-*/%() _x×÷,$\n", max_size=30)


@settings(deadline=None, max_examples=200)
@given(ANYTHING)
def test_every_text_has_a_value_within_bounds_or_a_reason(text: str) -> None:
    try:
        value, reason = evaluate(text), ""
    except CalculationError as error:
        value, reason = Fraction(0), str(error)
    assert reason in {"", "not_an_expression", "too_long", "out_of_bounds", "division_by_zero"}
    assert abs(value) <= 10**15


NUMBERS = st.integers(0, 99).map(str) | st.integers(0, 999).map(lambda n: f"{n // 10}.{n % 10}")
EXPRESSIONS = st.recursive(
    NUMBERS,
    lambda inner: (
        st.tuples(inner, st.sampled_from([" + ", " - ", "*", " / ", "//", " % "]), inner).map("".join)
        | inner.map("({})".format)
        | inner.map("-{}".format)
    ),
    max_leaves=4,
)


@settings(deadline=None, max_examples=200)
@given(EXPRESSIONS)
def test_it_agrees_with_pythons_grammar_on_fractions(expression: str) -> None:
    exact = re.sub(r"\d+(\.\d)?", r"F('\g<0>')", expression)
    try:
        expected = eval(exact, {"F": Fraction})
    except ZeroDivisionError:
        with pytest.raises(CalculationError, match="division_by_zero"):
            evaluate(expression)
    else:
        assert evaluate(expression) == expected


def test_literals_are_the_numbers_as_often_as_they_stand_there() -> None:
    assert sorted(literals("(48 + 48) / 2 - -0.5")) == [Fraction(1, 2), 2, 48, 48]
    with pytest.raises(CalculationError, match="not_an_expression"):
        literals("48 pens")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("24", "24"),
        ("-24", "-24"),
        ("5/2", "2.5"),
        ("1/3", "0.333333"),
        ("1200", "1200"),
        ("1/10000000", "0"),
    ],
)
def test_a_value_is_written_as_a_person_writes_it(value: str, text: str) -> None:
    assert format_value(Fraction(value)) == text
