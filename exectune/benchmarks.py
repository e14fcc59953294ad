"""Benchmarks: problems from elsewhere → a folder of task files (`data/<split>.jsonl`) that `prepare` reads.

GSM8K, MATH, HumanEval, MBPP, KodCode as their authors publish them (`benchmark_rows.py`), and any table whose columns
are the keys of a task or are mapped to them; from files or from the hub (`tables.py`). Sources named *train* and *test*
keep their split, and dev is taken from train's problems; a single one is split by a hash of its questions. Which rows
are drawn depends on `seed` and the questions alone. A reference solution is run: a task whose own solution fails is
none. Nothing is dropped in silence: written + not drawn + skipped = rows, and what was skipped stands in
`quarantine-….parquet` beside the tasks, each row with the reason.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from exectune.annotations import NoSteps
from exectune.benchmark_rows import BENCHMARKS, Kind, Options
from exectune.errors import DataError
from exectune.tables import Row, Source, sources
from exectune.task import Split, Task
from exectune.taskfile import KEPT_CHARS, BadRow, Quarantined, Seen, first_of_its_kind, object_of, task_of

MAX_QUESTION_CHARS = 100_000  # `prepare` applies the limit of params.yaml
# where the tasks of a split come from: a source named so, or the only one
POOLS: Mapping[str, tuple[Split, ...]] = {
    "test": ("test",),
    "train": ("dev", "train"),
    "all": ("test", "dev", "train"),
}
DEV_SHARE = 8  # one dev task for so many train tasks


@dataclass(frozen=True)
class Skipped:
    """Rows left out for one reason: how many, and where the first one is."""

    reason: str
    count: int
    first: str

    def __str__(self) -> str:
        return f"{self.count} rows skipped: {self.reason} (first: {self.first})"


@dataclass(frozen=True)
class Imported:
    """What became of the rows: `rows` = the sum of `written` + `not_drawn` + the sum of `skipped`."""

    rows: int
    written: dict[Split, int]
    not_drawn: int
    skipped: list[Skipped]


@dataclass(frozen=True)
class Wanted:
    """What an import is to bring: from where, how many tasks, which columns stand for which keys."""

    kind: Kind
    names: Sequence[str]  # files, folders, or datasets of the hub
    train: int
    test: int
    seed: int
    options: Options
    columns: Mapping[str, str] = field(default_factory=dict)  # key of a task: name of the column
    source: str = ""  # where the tasks come from; empty: what the benchmark says, or the file's name
    licence: str = ""


def write(wanted: Wanted, out: Path, fault: Callable[[Task], str]) -> Imported:
    """Bring tasks to `out`: up to `train` and `test` of them, and dev. `fault` says why a task cannot be used, or "".

    Raises:
        DataError: a source is missing or cannot be read, `out` holds tasks already, or no row is good.
    """
    sizes: dict[Split, int] = {
        "test": wanted.test,
        "dev": max(1, wanted.train // DEV_SHARE) if wanted.train else 0,
        "train": wanted.train,
    }
    sizes = {split: size for split, size in sizes.items() if size}
    for split in sizes:
        if (out / f"{split}.jsonl").exists():
            raise DataError(
                f"{out} already holds {split}.jsonl; name another folder or remove the file first"
            )
    found = sources(list(wanted.names))
    twice = [name for name, count in Counter(source.name for source in found).items() if count > 1]
    if twice:
        raise DataError(f"two sources are named {twice[0]}: ids come from names, rename one")
    pools, bad = _read_all(wanted, found, fault)
    rows = sum(map(len, pools.values())) + len(bad)
    skipped = _count(bad)
    splits = _draw(pools, sizes, wanted.seed)
    for split in sizes:
        if split != "dev" and not splits.get(split):
            raise DataError("\n".join([f"no task for {split} in {rows} rows", *map(str, skipped)]))
    _write(splits, out)
    pl.DataFrame([asdict(row) for row in bad], schema=list(Quarantined.__annotations__)).write_parquet(
        out / f"quarantine-{wanted.kind}.parquet"
    )
    written = {split: len(tasks) for split, tasks in splits.items()}
    return Imported(rows, written, rows - sum(written.values()) - len(bad), skipped)


def _pool(source: Source, alone: bool) -> str:
    if alone:
        return "all"
    named = [split for split in ("train", "test") if split in source.name.lower()]
    if len(named) != 1:
        raise DataError(f"{source.place}: of several sources, each needs either train or test in its name")
    return named[0]


def _read_all(
    wanted: Wanted, found: list[Source], fault: Callable[[Task], str]
) -> tuple[dict[str, list[Task]], list[Quarantined]]:
    pools: dict[str, list[Task]] = {}
    bad: list[Quarantined] = []
    seen = Seen()
    # test first: a question that stands in both must not be trained on
    for source in sorted(found, key=lambda source: "test" not in source.name.lower()):
        pool = pools.setdefault(_pool(source, alone=len(found) == 1), [])
        for line, content in source.rows():
            try:
                row = object_of(content) if isinstance(content, bytes) else content
                task = _task(wanted, row, source, line)
                if reason := fault(task):
                    raise BadRow(reason)
                first_of_its_kind(task, seen, f"{source.place}:{line}")
            except (BadRow, NoSteps) as error:
                raw = (
                    content.decode("utf-8", errors="replace") if isinstance(content, bytes) else str(content)
                )
                bad.append(Quarantined(source.place, line, str(error), raw[:KEPT_CHARS]))
            else:
                pool.append(task)
    return pools, bad


def _task(wanted: Wanted, row: Row, source: Source, line: int) -> Task:
    benchmark = BENCHMARKS[wanted.kind]
    fields = benchmark.read(_mapped(row, wanted.columns), wanted.options)
    defaults: dict[str, Any] = {
        "id": f"{source.name}-{line:05d}",
        "family": "all",
        "answer": "",
        "source": wanted.source or benchmark.source or source.place,
        "licence": wanted.licence or benchmark.licence,
    }
    if fields.get("tests"):
        defaults["domain"] = "code"
    return task_of(
        defaults | {key: value for key, value in fields.items() if value is not None},
        "train",
        MAX_QUESTION_CHARS,
    )


def _mapped(row: Row, columns: Mapping[str, str]) -> Row:
    """The row under the keys of a task, without the columns that nothing was said of; as it is without a mapping."""
    if not columns:
        return row
    for column in columns.values():
        if column not in row:
            raise BadRow(f"missing column {column!r}")
    return {key: row[column] for key, column in columns.items()}


def _count(bad: Sequence[Quarantined]) -> list[Skipped]:
    """How often each reason occurs, and where first."""
    counts = Counter(_kind_of(row.reason) for row in bad)
    skipped = []
    for reason, count in counts.most_common():
        first = next(row for row in bad if _kind_of(row.reason) == reason)
        detail = "" if reason == first.reason else f": {first.reason}"
        skipped.append(Skipped(reason, count, f"{first.file}:{first.line}{detail}"))
    return skipped


def _kind_of(reason: str) -> str:
    """The reason without what differs from row to row, to count by."""
    return re.split(
        r" (?=['\"]|is already at|has \d|differs|must be|at column|\d+ does not compile)|: ", reason
    )[0]


def _draw(pools: Mapping[str, list[Task]], sizes: Mapping[Split, int], seed: int) -> dict[Split, list[Task]]:
    """Each split from its own pool, in the order of a hash; where a pool is too small, all shrink alike."""
    splits: dict[Split, list[Task]] = {}
    for name, pool in pools.items():
        ordered = sorted(pool, key=lambda task: hashlib.sha256(f"{seed}/{task.question}".encode()).digest())
        wanted = {split: sizes[split] for split in POOLS[name] if split in sizes}
        share = min(1.0, len(pool) / max(1, sum(wanted.values())))
        for split, size in wanted.items():
            count = int(size * share)
            splits[split] = [replace(task, split=split) for task in ordered[:count]]
            del ordered[:count]
    return splits


def _write(splits: Mapping[Split, list[Task]], out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for split, tasks in splits.items():
        rows = [{key: value for key, value in asdict(task).items() if key != "split"} for task in tasks]
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        temporary = out / f"{split}.tmp"
        temporary.write_text(text, encoding="utf-8")
        temporary.rename(out / f"{split}.jsonl")
