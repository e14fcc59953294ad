import time

import pytest

from exectune.latex import boxed, equal, is_expression

# gold, answer, equal. What changes here when math-verify or the parser below it changes is a change of all figures.
PAIRS = [
    (r"\frac{1}{2}", "0.5", True),
    (r"\frac{1}{2}", "1/2", True),
    (r"\dfrac{3}{4}", r"\frac34", True),
    (r"-\frac{1}{3}", r"\frac{-1}{3}", True),
    (r"\sqrt{2}", "2^{1/2}", True),
    (r"2\sqrt{3}", r"\sqrt{12}", True),
    ("x^2+1", "1+x^2", True),
    ("(x+1)^2", "x^2+2x+1", True),
    ("(1,2)", "(1, 2)", True),
    ("(1,2)", "(2,1)", False),
    (r"\{1,2\}", r"\{2,1\}", True),
    ("[0,1)", "[0, 1)", True),
    ("[0,1)", "[0,1]", False),
    (r"90^\circ", "90", True),
    ("10,000", "10000", True),
    (r"x \in [-2,7]", "[-2,7]", True),
    (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", True),
    ("x=5", "5", True),
    (r"\text{(A)}", "A", True),
    ("50", "50%", True),
    ("0.5", r"50\%", False),
    ("1000", "1e3", False),
    (r"\pi", "3.14159", False),
    (r"\frac{1}{3}", "0.3", False),
    ("7", "8", False),
    ("7", "", False),
    ("7", "no number", False),
    ("7", r"\frac{", False),
]


@pytest.mark.parametrize(("gold", "answer", "same"), PAIRS)
def test_pairs(gold: str, answer: str, same: bool) -> None:
    assert equal(answer, gold) is same


@pytest.mark.parametrize("answer", ["9^9^9^9", "9!!!!!!", "(" * 100 + ")" * 100])
def test_an_answer_without_end_is_wrong_in_time_and_the_next_is_right(answer: str) -> None:
    equal("1", "1")
    start = time.monotonic()
    assert not equal(answer, "7")
    assert time.monotonic() - start < 8
    assert equal("7", "7")


def test_a_long_answer_is_not_looked_at() -> None:
    assert not equal("7" + " " * 300, "7")


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (r"so \boxed{4}.", "4"),
        (r"\boxed{1} and \boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        ("none", None),
        (r"\boxed{1", None),
    ],
)
def test_the_last_box_is_the_answer(text: str, content: str | None) -> None:
    assert boxed(text) == content


@pytest.mark.parametrize(
    ("text", "maths"), [(r"\frac{1}{2}", True), ("x+1", True), ("many", False), ("no.", False)]
)
def test_a_word_is_no_expression(text: str, maths: bool) -> None:
    assert is_expression(text) is maths
