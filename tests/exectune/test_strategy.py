from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exectune.strategy import REASONS, Invalid, Strategy, leaks, numbers, parse, references

QUESTION = "Ana has 3 boxes of 8 pens and 5 loose pens. How many pens has she?"


def read(text: str) -> Strategy | Invalid:
    return parse(text, max_steps=3, max_step_chars=40)


def block(*lines: str) -> str:
    return "\n".join(["<strategy>", *lines, "</strategy>"])


def test_numbered_steps_in_one_block_are_a_strategy() -> None:
    text = block("1. Multiply 3 by 8.", "2. Add 5 to the result of step 1.")
    strategy = read(text)
    assert strategy == Strategy(("Multiply 3 by 8.", "Add 5 to the result of step 1."))
    assert strategy.text == text


def test_space_around_block_and_steps_does_not_matter() -> None:
    assert read("\n <strategy>  1.  Add 3 to 8. \r\n\t2.\tAdd 5 to 8.</strategy>\n") == Strategy(
        ("Add 3 to 8.", "Add 5 to 8.")
    )


INVALID = [
    ("", "missing_block"),
    ("1. Add 3 to 8.", "missing_block"),
    ("<strategy>\n1. Add 3 to 8.", "missing_block"),
    ("</strategy>1. Add 3 to 8.<strategy>", "missing_block"),
    ("<Strategy>\n1. Add 3 to 8.\n</Strategy>", "missing_block"),
    ("Sure! " + block("1. Add 3 to 8."), "text_outside"),
    (block("1. Add 3 to 8.") + "\nThe answer is 11.", "text_outside"),
    (block("1. Add 3 to 8.") + "\n" + block("1. Add 3 to 8."), "text_outside"),
    (block("1. Add 3 to 8.") + block(), "text_outside"),
    (block("1. Add 3 to 8.") + "</strategy>", "text_outside"),
    (block(), "no_steps"),
    ("<strategy> \n\t</strategy>", "no_steps"),
    (block("Add 3 to 8."), "bad_numbering"),
    (block("2. Add 3 to 8."), "bad_numbering"),
    (block("0. Add 3 to 8."), "bad_numbering"),
    (block("1. Add 3 to 8.", "3. Add 5 to 8."), "bad_numbering"),
    (block("1. Add 3 to 8.", "1. Add 5 to 8."), "bad_numbering"),
    (block("1. Add 3 to 8.", "", "2. Add 5 to 8."), "bad_numbering"),
    (block("1) Add 3 to 8."), "bad_numbering"),
    (block("1.Add 3 to 8."), "bad_numbering"),
    (block("<strategy>", "1. Add 3 to 8."), "bad_numbering"),
    (block("1."), "empty_step"),
    (block("1. Add 3 to 8.", "2. "), "empty_step"),
    (block("1. Add 5 to the result of step 1."), "dangling_reference"),
    (block("1. Add 5 to the result of step 0."), "dangling_reference"),
    (block("1. Add 3 to 8.", "2. Add 5 to The Result of Step 3."), "dangling_reference"),
    (block("1. Add 3 to 8.", "2. Add 5 to the result of step 11."), "dangling_reference"),
    (block("1. a", "2. b", "3. c", "4. d"), "too_many_steps"),
    (block("1. " + "a" * 41), "too_long"),
]


@pytest.mark.parametrize(("text", "reason"), INVALID)
def test_any_other_text_has_a_reason(text: str, reason: str) -> None:
    assert read(text) == Invalid(reason)  # type: ignore[arg-type]


def test_every_reason_that_the_parser_gives_is_tried_here() -> None:
    assert {reason for _, reason in INVALID} == set(REASONS) - {"leak"}


def test_the_limits_themselves_are_allowed() -> None:
    assert read(block("1. " + "a" * 40, "2. b", "3. c")) == Strategy(("a" * 40, "b", "c"))


LINES = st.lists(
    st.sampled_from(
        ["<strategy>", "</strategy>", "1. Add 3 to 8.", "2. a", "2. the result of step 1", "1.", ""]
    )
    | st.text(max_size=12)
)


@settings(deadline=None, max_examples=200)
@given(st.text() | LINES.map("\n".join) | LINES.map(lambda lines: block(*lines)))
def test_every_text_is_a_strategy_or_has_a_reason(text: str) -> None:
    found = read(text)
    if isinstance(found, Invalid):
        assert found.reason in REASONS
    else:
        assert read(found.text) == found


STEPS = st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=3)


@settings(deadline=None)
@given(STEPS)
def test_what_the_parser_accepts_it_reads_back(steps: list[str]) -> None:
    found = read(block(*(f"{number}. {step}" for number, step in enumerate(steps, start=1))))
    if isinstance(found, Strategy):
        assert read(found.text) == found
        assert all(step == step.strip() != "" for step in found.steps)


@pytest.mark.parametrize(
    ("step", "leaked"),
    [
        ("The answer is 29.", True),
        ("Add 29.0 to 0.", True),
        ("Add 5 to 24, which gives 29", True),
        ("Add 5 to 24.", False),
        ("Add 129 to 2.9.", False),
        ("Add 5 to the result of step 29.", False),
    ],
)
def test_the_answer_in_the_strategy_and_not_in_the_question_is_a_leak(step: str, leaked: bool) -> None:
    assert leaks(Strategy(("Multiply 3 by 8.", step)), QUESTION, Fraction(29)) is leaked


def test_an_answer_that_the_question_has_is_no_leak() -> None:
    assert not leaks(Strategy(("Add 3 to 5.",)), QUESTION, Fraction(8))
    assert not leaks(Strategy(("Subtract 3 from 8.",)), QUESTION, Fraction(8))
    assert not leaks(Strategy(("Take 1200 away from 2400.",)), "Of 2,400 pens 1,200 are red.", Fraction(1200))


def test_a_negative_answer_is_a_leak_too() -> None:
    assert leaks(Strategy(("The balance is -12.",)), QUESTION, Fraction(-12))


def test_the_number_of_a_step_is_no_leak() -> None:
    steps = ("Subtract 5 from 8.", "Subtract the result of step 1 from 5.")
    assert not leaks(Strategy(steps), QUESTION, Fraction(2))


def test_numbers_are_those_in_digits_without_references() -> None:
    step = "Add 1,250.5 to the result of step 2, then take half of 3 and 4."
    assert numbers(step) == [Fraction(2501, 2), 3, 4]
    assert references(step) == [2]
