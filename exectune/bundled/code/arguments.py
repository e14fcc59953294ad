"""Arguments: what the functions of the code tasks are called with. In: a kind and a seeded source. Out: values."""

import random
from itertools import product
from typing import Any, Literal

Kind = Literal["numbers", "words", "text", "table", "number", "grid"]

# No letter occurs both as a capital and as a small letter of the same word: whether they count as one is not said.
# fmt: off
WORDS = (
    "apple", "river", "stone", "Riga", "lamp", "ice", "tea", "pepper", "Wanda", "glass", "boats", "cloud",
    "orange", "ink", "Lima", "paper", "umbrella", "tiger", "moss", "salt", "Bergen", "olive", "noon", "keys",
    "window", "Ulm", "bus", "cheese", "ant", "letters", "map", "Igor", "velvet", "sun", "cat", "actors",
)
# fmt: on
MARKS = (" ", " ", " ", ",", "-", ";")

EDGES: dict[Kind, tuple[Any, ...]] = {
    "numbers": ([], [7], [-4]),
    "words": ([], ["tea"], ["Riga"]),
    "text": ("", "map", "A"),
    "table": ({}, {"tea": 3}, {"Riga": -2}),
    "number": (0, 7, 10),
    "grid": ([], [[]], [[-3]]),
}


def edge_cases(kinds: tuple[Kind, ...]) -> list[tuple[Any, ...]]:
    """Empty, single and unlike arguments: at most five."""
    cases = list(product(*(EDGES[kind] for kind in kinds)))
    return cases if len(cases) <= 5 else cases[:: len(cases) // 4][:5]


def draw(kinds: tuple[Kind, ...], source: random.Random) -> tuple[Any, ...]:
    """One value for each argument."""
    return tuple(_draw(kind, source) for kind in kinds)


def _draw(kind: Kind, source: random.Random) -> Any:
    match kind:
        case "numbers":
            return [_number(source) for _ in range(source.randint(3, 8))]
        case "words":
            return [source.choice(WORDS) for _ in range(source.randint(3, 6))]
        case "text":
            parts = [source.choice((*WORDS, str(source.randint(1, 99)))) for _ in range(source.randint(2, 6))]
            return "".join(part + source.choice(MARKS) for part in parts[:-1]) + parts[-1]
        case "table":
            keys = source.sample(WORDS, source.randint(2, 5))
            return {key: _number(source) for key in keys}
        case "number":
            return source.randint(1, 10 ** source.randint(2, 6))
        case "grid":
            return [
                [_number(source) for _ in range(source.randint(1, 4))] for _ in range(source.randint(2, 4))
            ]


def _number(source: random.Random) -> int:
    return source.choice((source.randint(-9, 12), source.randint(-45, 60)))
