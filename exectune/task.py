"""Task: one problem with its gold answer. JSONL in, parquet between stages.

A row of a task file (`data/<split>.jsonl`):

    {"id": "train-0001", "question": "Ana has 3 boxes of 8 pens and 5 loose pens. How many pens has she?",
     "steps": ["3 * 8", "#1 + 5"], "answer": "29", "family": "boxes_and_loose"}

`steps` are the gold steps, one operation each; `#k` is the result of step k. They may be missing (`[]`): the
`reference` teacher and the `gold` arm then have nothing to word. `family` is what is asked; splits that share no
family show whether a guide generalises. A task of the domain "code" has words as steps, and instead of an answer

    {"entry_point": "add", "tests": ["assert add(1, 2) == 3"], "examples": ["add(1, 2)"], "solution": "def add…"}

`examples` are calls that a core's program must survive to count as executed; `solution` is a reference that passes the
tests. `source` and `licence` say where a task comes from.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

import polars as pl

from exectune.errors import DataError

Split = Literal["train", "dev", "test", "held_out"]
SPLITS: tuple[Split, ...] = get_args(Split)
EVALUATED: tuple[Split, ...] = ("test", "held_out")

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "id": pl.String,
    "split": pl.String,
    "domain": pl.String,
    "family": pl.String,
    "question": pl.String,
    "steps": pl.List(pl.String),
    "answer": pl.String,
    "entry_point": pl.String,
    "tests": pl.List(pl.String),
    "examples": pl.List(pl.String),
    "solution": pl.String,
    "source": pl.String,
    "licence": pl.String,
}
LISTS = ("steps", "tests", "examples")


@dataclass(frozen=True)
class Task:
    """One problem; `answer` is the gold answer as text, exact (`"29"`, `"2.5"`)."""

    id: str
    split: Split
    family: str
    question: str
    steps: tuple[str, ...]
    answer: str
    domain: str = "maths"
    entry_point: str = ""  # from here to `solution`: code
    tests: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    solution: str = ""
    source: str = ""
    licence: str = ""


def write_tasks(tasks: list[Task], path: Path) -> None:
    """Write tasks as parquet, whole or not at all."""
    rows = [
        {name: list(value) if name in LISTS else value for name, value in asdict(task).items()}
        for task in tasks
    ]
    temporary = path.with_suffix(".tmp")
    pl.DataFrame(rows, schema=SCHEMA).write_parquet(temporary)
    temporary.rename(path)


def read_all(split: Split) -> list[Task]:
    """The tasks of one split, as the `prepare` stage wrote them."""
    return read_tasks(Path("artifacts/prepare") / f"{split}.parquet")


def read_tasks(path: Path) -> list[Task]:
    """Read a parquet file of tasks.

    Raises:
        DataError: there is none.
    """
    if not path.is_file():
        raise DataError(f"{path} is missing: run `dvc repro prepare` first")
    rows = pl.read_parquet(path).to_dicts()
    return [Task(**(row | {name: tuple(row[name]) for name in LISTS})) for row in rows]
