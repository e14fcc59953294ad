"""Family: one kind of code task, as data. In: a seeded random source. Out: one problem.

A family says what kinds of arguments its functions take (`kinds`), which pieces may vary (`slots`) and in which
forms they are put together. A form asks for a function, gives the plan, a line of words and some code a step, and
computes the result a second time (`again`), so that no solution confirms itself.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import indent
from types import SimpleNamespace
from typing import Any

from exectune.bundled.code.arguments import Kind
from exectune.bundled.code.piece import Piece

OPENINGS = (
    "Write a function `{call}` that {ask}.",
    "Write `{call}`, a function that {ask}.",
    "Define a Python function `{call}` that {ask}.",
)


@dataclass(frozen=True)
class Form:
    """One way to put pieces together; all texts are templates."""

    name: str  # of the function
    ask: str  # in the third person: "returns {fold} of {xs}"
    steps: tuple[tuple[str, str], ...]  # words and code
    again: Callable[..., Any]  # of the pieces and the arguments


@dataclass(frozen=True)
class Problem:
    """One function to be written, with its gold steps and a solution."""

    entry_point: str
    question: str
    steps: tuple[str, ...]
    solution: str
    kinds: tuple[Kind, ...]
    again: Callable[..., Any]


@dataclass(frozen=True)
class Family:
    """One kind of code task; `params` and `items` are the names to choose among, `{xs}`, `{ys}` and `{v}`."""

    name: str
    kinds: tuple[Kind, ...]
    params: tuple[str, ...]
    items: tuple[str, ...]
    slots: Mapping[str, Sequence[Piece]]
    forms: tuple[Form, ...]

    def problem(self, form: Form, source: random.Random) -> Problem:
        """One problem of that form, with pieces, all different, and names drawn from `source`."""
        pieces = {slot: source.choice(choices) for slot, choices in self.slots.items()}
        if len(set(pieces.values())) < len(pieces):
            return self.problem(form, source)
        params, item = source.choice(self.params), source.choice(self.items)
        return self.build(form, pieces, params, item, source.choice(OPENINGS))

    def build(
        self, form: Form, pieces: Mapping[str, Piece], params: str, item: str, opening: str = OPENINGS[0]
    ) -> Problem:
        """The problem that these choices make."""
        drawn = SimpleNamespace(**pieces)
        names = dict(zip(("xs", "ys"), params.split(", "), strict=False)) | {"v": item}
        said = [words.format(**pieces, **names) for words, _ in form.steps]
        coded = [code.format(**pieces, **names) for _, code in form.steps]
        entry_point = form.name.format(**pieces)
        ask = form.ask.format(**pieces, **names)
        return Problem(
            entry_point=entry_point,
            question=opening.format(call=f"{entry_point}({params})", ask=ask),
            steps=tuple(said),
            solution=_solution(f"{entry_point}({params})", coded),
            kinds=self.kinds,
            again=lambda *arguments: form.again(drawn, *arguments),
        )


def _solution(call: str, coded: list[str]) -> str:
    blocks = [f"# step {number}\n{code}\n" for number, code in enumerate(coded, start=1)]
    return f"def {call}:\n" + indent("".join(blocks), "    ")
