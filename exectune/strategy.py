"""Strategy: the plan that a guide writes and a core carries out.

    <strategy>
    1. Divide 48 by 2.
    2. Add 48 to the result of step 1.
    </strategy>

One block, nothing outside it; consecutive numbered steps; a step may use "the result of step K" of an earlier one.
The parser is total: any text gives a `Strategy` or an `Invalid` with a reason from `REASONS`.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, get_args

Reason = Literal[
    "missing_block",  # no <strategy> … </strategy>
    "text_outside",  # words before or after the block, or a second block
    "no_steps",  # an empty block
    "bad_numbering",  # a line that is no numbered step, or numbers that do not count 1, 2, 3 …
    "empty_step",  # a number without words
    "dangling_reference",  # the result of a step that does not come before
    "too_many_steps",
    "too_long",  # a step of more than max_step_chars characters
    "leak",  # the gold answer, written where the question does not have it
]
REASONS: tuple[Reason, ...] = get_args(Reason)

BLOCK = re.compile(r"<strategy>(.*?)</strategy>", re.DOTALL)
STEP = re.compile(r"(\d{1,4})\.(?:[ \t]+(.*))?")
REFERENCE = re.compile(r"the result of step (\d{1,4})", re.IGNORECASE)
NUMBER = re.compile(r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Strategy:
    """The steps of a strategy that parses, without their numbers."""

    steps: tuple[str, ...]

    @property
    def text(self) -> str:
        """The strategy as a guide writes it."""
        lines = [f"{number}. {step}" for number, step in enumerate(self.steps, start=1)]
        return "\n".join(["<strategy>", *lines, "</strategy>"])


@dataclass(frozen=True)
class Invalid:
    """A text that is no strategy, and why."""

    reason: Reason


def parse(text: str, *, max_steps: int, max_step_chars: int) -> Strategy | Invalid:
    """The strategy in a guide's reply, or the first reason why there is none."""
    block = BLOCK.search(text)
    if block is None:
        return Invalid("missing_block")
    if (text[: block.start()] + text[block.end() :]).strip():
        return Invalid("text_outside")
    lines = [line.strip() for line in block.group(1).strip().splitlines()]
    if not lines:
        return Invalid("no_steps")
    steps: list[str] = []
    for number, line in enumerate(lines, start=1):
        match = STEP.fullmatch(line)
        if match is None or int(match.group(1)) != number:
            return Invalid("bad_numbering")
        step = (match.group(2) or "").strip()
        if not step:
            return Invalid("empty_step")
        if len(step) > max_step_chars:
            return Invalid("too_long")
        if any(not 1 <= reference < number for reference in references(step)):
            return Invalid("dangling_reference")
        steps.append(step)
    return Strategy(tuple(steps)) if len(steps) <= max_steps else Invalid("too_many_steps")


def references(step: str) -> list[int]:
    """The numbers of the steps whose results a step uses."""
    return [int(number) for number in REFERENCE.findall(step)]


def numbers(text: str) -> list[Fraction]:
    """The numbers written in digits in a text, references to steps left out."""
    return [Fraction(number.replace(",", "")) for number in NUMBER.findall(REFERENCE.sub(" ", text))]


def leaks(strategy: Strategy, question: str, answer: Fraction) -> bool:
    """Whether the gold answer stands in the strategy and not in the question, whatever its sign."""
    written = {number for step in strategy.steps for number in numbers(step)}
    return abs(answer) in written - set(numbers(question))
