import pytest

from exectune.domains.maths import MATHS
from exectune.strategy import Strategy
from exectune.task import Task


def task(answer: str, *steps: str) -> Task:
    return Task("m", "test", "all", "Ana has 3 boxes of 8 pens. How many pens?", steps, answer)


@pytest.mark.parametrize(
    ("answer", "steps", "reason"),
    [
        ("24", (), ""),
        ("24", ("3 * 8",), ""),
        (r"\frac{1}{2}", (), ""),
        ("(1, 2)", (), ""),
        ("", (), "answer is empty"),
        ("many", (), "answer 'many' is not a number, nor an expression in LaTeX"),
        ("25", ("3 * 8",), "answer 25 differs from what the steps come to, 24"),
    ],
)
def test_an_answer_is_a_number_or_an_expression(answer: str, steps: tuple[str, ...], reason: str) -> None:
    assert MATHS.flaw(task(answer, *steps)) == reason


@pytest.mark.parametrize(
    ("answer", "step", "leaks"),
    [
        ("24", "Multiply 3 by 8.", False),
        ("24", "Multiply 3 by 8 to get 24.", True),
        (r"\frac{1}{2}", r"The answer is \frac{1} {2}.", True),
        (r"\frac{1}{2}", "Divide 1 by 2.", False),
    ],
)
def test_an_answer_that_a_strategy_names_is_a_leak(answer: str, step: str, leaks: bool) -> None:
    assert MATHS.leaks(Strategy((step,)), task(answer)) is leaks
