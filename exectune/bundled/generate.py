"""Write the bundled tasks: arithmetic word problems of one to four steps, from families and a fixed seed.

    python -m exectune.bundled.generate

rewrites `exectune/bundled/tasks/{train,dev,test,held_out}.jsonl`, always the same. train, dev and test share
their families; those of held_out occur nowhere else. No question, and no family with the same numbers, twice.
"""

import json
import random
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path

from exectune.bundled.family import Family, Problem
from exectune.bundled.held_out import HELD_OUT
from exectune.bundled.many_steps import FOUR_STEPS, THREE_STEPS
from exectune.bundled.one_step import ONE_STEP
from exectune.bundled.two_steps import TWO_STEPS
from exectune.task import Split

SEED = 20_260_404
FOLDER = Path(__file__).parent / "tasks"
SEEN: tuple[Family, ...] = ONE_STEP + TWO_STEPS + THREE_STEPS + FOUR_STEPS
# the share of problems with one, two, three and four steps
MIX: tuple[tuple[Sequence[Family], float], ...] = (
    (ONE_STEP, 0.15),
    (TWO_STEPS, 0.50),
    (THREE_STEPS, 0.24),
    (FOUR_STEPS, 0.11),
)
SIZES: dict[Split, int] = {"train": 1000, "dev": 100, "test": 200, "held_out": 120}


def make_all(seed: int = SEED) -> dict[Split, list[dict[str, object]]]:
    """The rows of every split."""
    used: set[object] = set()
    return {split: make_split(split, size, seed, used) for split, size in SIZES.items()}


def make_split(split: Split, size: int, seed: int, used: set[object]) -> list[dict[str, object]]:
    """The rows of one split, shuffled; `used` holds all questions and numbers made so far, and grows."""
    source = random.Random(f"{seed}/{split}")
    families = _families(split, size, source)
    problems = [(family.name, _fresh(family, source, used)) for family in families]
    source.shuffle(problems)
    return [_row(split, number, name, problem) for number, (name, problem) in enumerate(problems, start=1)]


def write(folder: Path = FOLDER) -> None:
    """Write one JSONL file a split."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, rows in make_all().items():
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        (folder / f"{split}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _families(split: Split, size: int, source: random.Random) -> list[Family]:
    if split == "held_out":
        return _in_turn(HELD_OUT, size, source)
    return [family for group, share in MIX for family in _in_turn(group, round(size * share), source)]


def _in_turn(families: Sequence[Family], size: int, source: random.Random) -> list[Family]:
    turns: Iterator[Family] = cycle(source.sample(list(families), len(families)))
    return [next(turns) for _ in range(size)]


def _fresh(family: Family, source: random.Random, used: set[object]) -> Problem:
    for _ in range(1000):
        problem = family.problem(source)
        numbers = (family.name, problem.numbers)
        if numbers not in used and problem.question not in used:
            used |= {numbers, problem.question}
            return problem
    raise AssertionError(f"{family.name}: too few different problems")


def _row(split: Split, number: int, family: str, problem: Problem) -> dict[str, object]:
    return {
        "id": f"{split}-{number:04d}",
        "question": problem.question,
        "steps": list(problem.steps),
        "answer": problem.answer,
        "family": family,
    }


if __name__ == "__main__":
    write()
