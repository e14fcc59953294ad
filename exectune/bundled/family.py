"""Family: one kind of arithmetic word problem, as data. In: a seeded random source. Out: one problem.

A family says what is asked (`templates`, several phrasings of the same question), how it is solved (`steps`)
and what may vary (`numbers`, `words`). Problems that would be bad tasks are never made: all results are whole
and at least 2, and the answer is no number that stands in the question, in a step or in an earlier result.
"""

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from exectune.calculator import format_value
from exectune.verify import results

MAX_RESULT = 5000
TRIES = 20_000

# fmt: off
WOMEN = (
    "Ana", "Bella", "Clara", "Dina", "Elif", "Freya", "Grace", "Hana", "Ines", "Julia", "Kira", "Lena",
    "Maya", "Nora", "Olga", "Priya", "Rosa", "Sofia", "Tara", "Uma", "Wendy", "Yara", "Zoe", "Amara",
)
MEN = (
    "Adam", "Ben", "Carlos", "David", "Emil", "Felix", "George", "Hugo", "Ivan", "Jonas", "Karim",
    "Leo", "Marco", "Noah", "Omar", "Pavel", "Quinn", "Ravi", "Samuel", "Tom", "Victor", "Wei", "Yusuf",
)
# fmt: on
NAMES = tuple([(name, "she", "her") for name in WOMEN] + [(name, "he", "his") for name in MEN])


@dataclass(frozen=True)
class Problem:
    """One question with its gold steps; `numbers` tells two wordings of the same sum apart from two sums."""

    question: str
    steps: tuple[str, ...]
    answer: str
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Family:
    """One kind of problem; `steps` hold the letters of `numbers`, and `#k` for the result of step k."""

    name: str
    steps: tuple[str, ...]
    numbers: Mapping[str, range]
    words: Mapping[str, tuple[str, ...]]
    templates: tuple[str, ...]

    def problem(self, source: random.Random) -> Problem:
        """One problem with numbers, words and phrasing drawn from `source`."""
        values = next(self._draws(source))
        template = source.choice(self.templates)
        steps = fill_steps(self.steps, values)
        answer = format_value(results(steps)[-1])
        question = template.format(**values, **self._draw_words(source))
        return Problem(question, steps, answer, tuple(values.values()))

    def _draws(self, source: random.Random) -> Iterator[dict[str, int]]:
        for _ in range(TRIES):
            values = {letter: source.choice(numbers) for letter, numbers in self.numbers.items()}
            if is_sound(fill_steps(self.steps, values), list(values.values())):
                yield values
        raise AssertionError(f"{self.name}: no sound numbers in {TRIES} tries")

    def _draw_words(self, source: random.Random) -> dict[str, str]:
        (name, she, her), (other, _, _) = source.sample(NAMES, 2)
        drawn = {"name": name, "other": other, "she": she, "She": she.capitalize(), "her": her}
        for key, choices in self.words.items():
            drawn |= dict(zip(key.split("/"), source.choice(choices).split("/"), strict=True))
        return drawn


def family(name: str, steps: str, numbers: str, words: Mapping[str, str], *templates: str) -> Family:
    """A family from its compact form.

    `steps` as `"a * b; #1 + c"`; `numbers` as `"a 3-12, b 10-90:10"` (the last in steps of ten); `words` as
    `{"box/boxes": "box/boxes|bag/bags"}`, where words parted by `/` are drawn together.
    """
    return Family(
        name=name,
        steps=tuple(steps.split("; ")),
        numbers=dict(_numbers(part) for part in numbers.split(", ")),
        words={key: tuple(choices.split("|")) for key, choices in words.items()},
        templates=templates,
    )


def fill_steps(steps: tuple[str, ...], values: Mapping[str, int]) -> tuple[str, ...]:
    """The steps with a number for each letter."""
    return tuple(re.sub(r"[a-z]", lambda letter: str(values[letter.group()]), step) for step in steps)


def is_sound(steps: tuple[str, ...], numbers: list[int]) -> bool:
    """Whether the problem is a good task: whole results, and an answer that no other number gives away."""
    values = results(steps)
    written = {Fraction(number) for step in steps for number in re.findall(r"(?<![#\d])\d+", step)}
    return (
        len(set(numbers)) == len(numbers)
        and all(value.denominator == 1 and 2 <= value <= MAX_RESULT for value in values)
        and len(set(values)) == len(values)
        and not written & set(values)
        and not set(map(Fraction, numbers)) & set(values)
    )


def _numbers(part: str) -> tuple[str, range]:
    letter, low, high, stride = re.fullmatch(r"(\w) (\d+)-(\d+)(?::(\d+))?", part).groups()  # type: ignore[union-attr]
    return letter, range(int(low), int(high) + 1, int(stride or 1))
