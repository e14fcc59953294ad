"""Write the bundled code tasks: short Python functions of one to four steps, from families and a fixed seed.

    python -m exectune.bundled.code.generate

rewrites `exectune/bundled/code_tasks/{train,dev,test,held_out}.jsonl`, always the same. train, dev and test share
their families; those of held_out occur nowhere else. No two tasks ask for the same function: they give different
values for some arguments, and the tests of each task tell its solution from all others.
"""

import json
import random
from collections import Counter
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

from exectune.bundled.code.arguments import edge_cases
from exectune.bundled.code.family import Family
from exectune.bundled.code.held_out import HELD_OUT
from exectune.bundled.code.on_digits import ON_DIGITS
from exectune.bundled.code.on_lists import ON_LISTS
from exectune.bundled.code.on_numbers import ON_NUMBERS
from exectune.bundled.code.on_pairs import ON_PAIRS
from exectune.bundled.code.on_tables import ON_TABLES
from exectune.bundled.code.on_texts import ON_TEXTS
from exectune.bundled.code.on_words import ON_WORDS
from exectune.bundled.code.trial import Trial, choose_cases, same_kinds, try_out
from exectune.task import Split

SEED = 20_260_611
FOLDER = Path(__file__).parents[1] / "code_tasks"
SEEN: tuple[Family, ...] = ON_NUMBERS + ON_LISTS + ON_PAIRS + ON_DIGITS + ON_WORDS + ON_TEXTS + ON_TABLES
SIZES: dict[Split, int] = {"train": 120, "dev": 20, "test": 40, "held_out": 32}


class Maker:
    """Makes problems, and knows all that it has made: no function, and no name, twice."""

    def __init__(self, source: random.Random) -> None:
        self.source = source
        self.trials: list[Trial] = []
        self.names: set[str] = set()
        self.forms: Counter[tuple[str, str]] = Counter()

    def make(self, family: Family) -> Trial:
        """A new problem, of the form that was made least often."""
        for form in sorted(family.forms, key=lambda form: self.forms[family.name, form.name]):
            for _ in range(100):
                problem = family.problem(form, self.source)
                if problem.entry_point not in self.names and self._is_new(trial := try_out(problem)):
                    self.trials.append(trial)
                    self.names.add(problem.entry_point)
                    self.forms[family.name, form.name] += 1
                    return trial
        raise AssertionError(f"{family.name}: too few different problems")

    def _is_new(self, trial: Trial) -> bool:
        return trial.is_sound() and all(trial.differs(other) for other in same_kinds(trial, self.trials))


def make_all(seed: int = SEED) -> dict[Split, list[dict[str, object]]]:
    """The rows of every split."""
    maker = Maker(random.Random(seed))
    made = {split: _make_split(maker, split, size) for split, size in SIZES.items()}
    return {
        split: [
            _row(split, number, family, trial, maker.trials)
            for number, (family, trial) in enumerate(pairs, 1)
        ]
        for split, pairs in made.items()
    }


def write(folder: Path = FOLDER) -> None:
    """Write one JSONL file a split."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, rows in make_all().items():
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        (folder / f"{split}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _make_split(maker: Maker, split: Split, size: int) -> list[tuple[Family, Trial]]:
    families = HELD_OUT if split == "held_out" else SEEN
    turns = cycle(maker.source.sample(families, len(families)))
    pairs = [(family, maker.make(family)) for family, _ in zip(turns, range(size), strict=False)]
    maker.source.shuffle(pairs)
    return pairs


def _row(
    split: Split, number: int, family: Family, trial: Trial, trials: Sequence[Trial]
) -> dict[str, object]:
    problem = trial.problem
    chosen = choose_cases(trial, trials)
    drawn = chosen[len(edge_cases(family.kinds)) :]
    return {
        "id": f"code-{split}-{number:04d}",
        "domain": "code",
        "family": family.name,
        "question": problem.question,
        "entry_point": problem.entry_point,
        "steps": list(problem.steps),
        "solution": problem.solution,
        "tests": [trial.test(case) for case in chosen],
        "examples": [trial.call(case) for case in drawn[:2]],
        "answer": "",
    }


if __name__ == "__main__":
    write()
