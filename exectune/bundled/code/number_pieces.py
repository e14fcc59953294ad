"""Pieces for whole numbers and lists of them."""

import math
from functools import reduce

from exectune.bundled.code.piece import Piece

TESTS = (
    Piece("even", "are even", "@ % 2 == 0", lambda n: str(n)[-1] in "02468"),
    Piece("odd", "are odd", "@ % 2 == 1", lambda n: str(n)[-1] in "13579"),
    Piece("positive", "are greater than zero", "@ > 0", lambda n: n != 0 and n == abs(n)),
    Piece("negative", "are less than zero", "@ < 0", lambda n: str(n).startswith("-")),
    Piece("large", "are greater than 10", "@ > 10", lambda n: max(n, 10) != 10),
    Piece("small", "are less than 5", "@ < 5", lambda n: min(n, 4) == n),
    Piece(
        "threefold",
        "are divisible by 3",
        "@ % 3 == 0",
        lambda n: sum(map(int, str(abs(n)))) in range(0, 60, 3),
    ),
    Piece(
        "two_digit",
        "are 10 or more but below 100",
        "10 <= @ < 100",
        lambda n: len(str(n)) == 2 and "-" not in str(n),
    ),
    Piece("fivefold", "are divisible by 5", "@ % 5 == 0", lambda n: str(n)[-1] in "05"),
    Piece("far", "are more than 20 away from zero", "abs(@) > 20", lambda n: n not in range(-20, 21)),
)

CHANGES = (
    Piece("doubled", "double @", "@ * 2", lambda n: n + n),
    Piece("squared", "square @", "@ * @", lambda n: abs(n) ** 2),
    Piece("tripled", "triple @", "@ * 3", lambda n: n + n + n),
    Piece("raised", "add 4 to @", "@ + 4", lambda n: sum((n, 1, 1, 1, 1))),
    Piece("lowered", "subtract 1 from @", "@ - 1", lambda n: n + ~0),
    Piece("negated", "change the sign of @", "-@", lambda n: ~n + 1),
    Piece("unsigned", "drop the sign of @", "abs(@)", lambda n: max(n, -n)),
    Piece("mirrored", "subtract @ from 50", "50 - @", lambda n: -(n - 50)),
    Piece("capped", "cap @ at 15", "min(@, 15)", lambda n: 15 if n > 15 else n),
)

FOLDS = (
    Piece("total", "the sum", "sum(@)", lambda items: reduce(lambda a, b: a + b, items, 0)),
    Piece(
        "largest",
        "the largest",
        "max(@, default=0)",
        lambda items: sorted(items)[-1] if items else 0,
        ", or 0 if there are none",
    ),
    Piece(
        "smallest",
        "the smallest",
        "min(@, default=0)",
        lambda items: sorted(items)[0] if items else 0,
        ", or 0 if there are none",
    ),
    Piece(
        "last",
        "the last",
        "@[-1] if @ else 0",
        lambda items: reduce(lambda _, b: b, items, 0),
        ", or 0 if there are none",
    ),
    Piece(
        "span",
        "the distance between the largest and the smallest",
        "max(@) - min(@) if @ else 0",
        lambda items: max((a - b for a in items for b in items), default=0),
        ", or 0 if there are none",
    ),
)

TAKES = (
    Piece("first_three", "the first three", "@[:3]", lambda items: [x for i, x in enumerate(items) if i < 3]),
    Piece(
        "last_two",
        "the last two",
        "@[-2:]",
        lambda items: [x for i, x in enumerate(items) if i >= len(items) - 2],
    ),
    Piece(
        "all_but_first",
        "all but the first",
        "@[1:]",
        lambda items: [x for i, x in enumerate(items) if i],
    ),
    Piece(
        "all_but_last",
        "all but the last",
        "@[:-1]",
        lambda items: [x for i, x in enumerate(items) if i + 1 < len(items)],
    ),
    Piece(
        "every_second",
        "the first, third, fifth and so on",
        "@[::2]",
        lambda items: [x for i, x in enumerate(items) if i % 2 == 0],
    ),
)

# of the two numbers a and b
PAIRS = (
    Piece("sum", "the sum", "a + b", lambda a, b: -(-a - b)),
    Piece("product", "the product", "a * b", lambda a, b: math.prod((a, b))),
    Piece("larger", "the larger", "max(a, b)", lambda a, b: a if a > b else b),
    Piece("smaller", "the smaller", "min(a, b)", lambda a, b: a if a < b else b),
    Piece("distance", "the absolute difference", "abs(a - b)", lambda a, b: max(a - b, b - a)),
)
