"""The order in which a training sees its items: passes in, batches of items of about equal length out.

Short items beside long ones are mostly padding, a third of a step's time.
"""

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def in_batches(
    items: Sequence[Item], *, size: int, batches: int, length: Callable[[Item], int], seed: int
) -> list[Item]:
    """The items of a whole training: each pass shuffled, cut into batches of like length, the batches shuffled.

    A pass holds each item once, but for those that fill no batch; they are others in each pass.
    """
    chance = random.Random(seed)
    ordered: list[Item] = []
    size_of_pass = max(len(items) // size, 1) * size
    while len(ordered) < size * batches:
        drawn = chance.sample(items, min(size_of_pass, len(items)))
        drawn += chance.choices(items, k=size_of_pass - len(drawn))  # fewer items than a batch holds
        drawn.sort(key=length)
        cut = [drawn[start : start + size] for start in range(0, len(drawn), size)]
        chance.shuffle(cut)
        ordered += [item for batch in cut for item in batch]
    return ordered[: size * batches]
