"""Piece: one interchangeable part of a code task: a condition, a change, a total, a way to take some items.

A piece is said in words and in code, and computed a second time, in another way, by `again`. In a template
`{test}` stands for its words, `{test:n}` for its code on `n`, and `{change:Do each word}`, `{change:do it}`,
`{change:does each word}` for its words as an instruction or in the third person, with that object.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Piece:
    """`@` stands for the object, in `words` where they are an instruction, and in `code`."""

    name: str  # a part of the function's name: "even"
    words: str  # "are even", "double @", "the sum"
    code: str  # "@ % 2 == 0"
    again: Callable[..., Any]
    note: str = ""  # what the words leave open: ", or 0 if there are none"

    def __format__(self, spec: str) -> str:
        head, _, object_ = spec.partition(" ")
        said = self.words.replace("@", object_)
        forms = {"": self.words, "do": said, "Do": said[:1].upper() + said[1:], "does": _third_person(said)}
        return forms[head] if head in forms else self.code.replace("@", spec)

    def __call__(self, *args: Any) -> Any:
        """The second computation."""
        return self.again(*args)


def _third_person(said: str) -> str:
    verb, space, rest = said.partition(" ")
    return f"{verb}s{space}{rest}"
