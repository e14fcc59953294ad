from fractions import Fraction

import pytest

from exectune.calculator import CalculationError
from exectune.verify import is_right, results, steps_value


@pytest.mark.parametrize(
    ("answer", "gold"),
    [
        ("24", "24"),
        ("24.0", "24"),
        (" $1,200. ", "1200"),
        ("1/3", "0.333333"),
        ("3 * 8", "24"),
        ("-2.5", "-2.5"),
    ],
)
def test_the_same_number_is_right_however_it_is_written(answer: str, gold: str) -> None:
    assert is_right(answer, gold)


@pytest.mark.parametrize(
    "answer", ["25", "24.001", "-24", "24 apples", "", "nan", "(" * 500, "9**9**9", "1/0", "\0"]
)
def test_any_other_text_is_wrong_and_raises_nothing(answer: str) -> None:
    assert not is_right(answer, "24")


def test_small_numbers_are_told_apart_from_nothing() -> None:
    assert not is_right("0.01", "0.02")
    assert is_right("0.3333333", "1/3")


def test_steps_come_to_exact_results() -> None:
    assert results(["10 / 3", "#1 * 3", "#2 - 0.5"]) == [Fraction(10, 3), Fraction(10), Fraction(19, 2)]
    assert steps_value(["7 - 9"]) == -2
    assert steps_value(["-20 + 30"]) == 10


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([], "no_steps"),
        (["3 * 8 + 1"], "not_one_operation"),
        (["3 ** 8"], "not_one_operation"),
        (["24"], "not_one_operation"),
        (["#1 + 2"], "dangling_reference"),
        (["1 + 2", "#3 + 1"], "dangling_reference"),
        (["1 + 2", "#0 + 1"], "dangling_reference"),
        (["1 / 0"], "division_by_zero"),
    ],
)
def test_bad_steps_are_refused_with_the_reason(steps: list[str], reason: str) -> None:
    with pytest.raises(CalculationError, match=reason):
        steps_value(steps)
