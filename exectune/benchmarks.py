"""Benchmarks: problems from elsewhere → a folder of task files (`data/<split>.jsonl`) that `prepare` reads.

GSM8K's JSONL (`question`, `answer` with calculator annotations), and any CSV or JSONL with the columns `question`
and `answer`, and optionally `steps`, `family`, `id`, `domain`. Files named *train* and *test* keep their split,
and dev is taken from train's problems; a single file is split by a hash of its questions. Which rows are drawn
depends on `seed` and the questions alone. Nothing is dropped in silence: written + not drawn + skipped = rows.
"""

import csv
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from exectune.annotations import NoSteps, convert, operations
from exectune.errors import DataError
from exectune.task import Split, Task
from exectune.taskfile import BadRow, Seen, first_of_its_kind, lines_of, object_of, task_of

MAX_STEPS = 4
MAX_QUESTION_CHARS = 100_000  # `prepare` applies the limit of params.yaml
# where the tasks of a split come from: a file named so, or the only file
POOLS: Mapping[str, tuple[Split, ...]] = {
    "test": ("test",),
    "train": ("dev", "train"),
    "all": ("test", "dev", "train"),
}
DEV_SHARE = 8  # one dev task for so many train tasks

Kind = Literal["gsm8k", "jsonl", "csv"]
SUFFIX: Mapping[Kind, str] = {"gsm8k": "jsonl", "jsonl": "jsonl", "csv": "csv"}
Row = dict[str, Any]


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


def write(kind: Kind, files: Sequence[Path], out: Path, *, train: int, test: int, seed: int) -> Imported:
    """Bring `files` (or folders with them) to `out` as task files; up to `train` and `test` tasks, and dev.

    Raises:
        DataError: a file is missing or is not what `kind` says, `out` holds tasks already, or no row is good.
    """
    paths = _expand(kind, files)
    if any(out.glob("*.jsonl")):
        raise DataError(f"{out} already holds task files; name another folder or empty this one first")
    pools, rows, skipped = _read_all(kind, paths)
    sizes: dict[Split, int] = {"test": test, "dev": max(1, train // DEV_SHARE), "train": train}
    splits = _draw(pools, sizes, seed)
    for split in ("train", "test"):
        if not splits.get(split):
            raise DataError("\n".join([f"no task for {split} in {rows} rows", *map(str, skipped)]))
    _write(splits, out)
    written = {split: len(tasks) for split, tasks in splits.items()}
    left = rows - sum(written.values()) - sum(entry.count for entry in skipped)
    return Imported(rows, written, left, skipped)


def _expand(kind: Kind, files: Sequence[Path]) -> list[Path]:
    paths: list[Path] = []
    for file in files:
        found = sorted(file.glob(f"*.{SUFFIX[kind]}")) if file.is_dir() else [file]
        if not found:
            raise DataError(f"{file} holds no .{SUFFIX[kind]} file")
        paths += found
    for path in paths:
        if not path.is_file():
            raise DataError(f"{path} is missing")
    twice = [name for name, count in Counter(path.stem for path in paths).items() if count > 1]
    if twice:
        raise DataError(f"two files are named {twice[0]}: ids come from file names, rename one")
    return paths


def _pool(path: Path, alone: bool) -> str:
    if alone:
        return "all"
    named = [split for split in ("train", "test") if split in path.stem.lower()]
    if len(named) != 1:
        raise DataError(f"{path}: of several files, each needs either train or test in its name")
    return named[0]


def _read_all(kind: Kind, paths: list[Path]) -> tuple[dict[str, list[Task]], int, list[Skipped]]:
    pools: dict[str, list[Task]] = {}
    counts: Counter[str] = Counter()
    first: dict[str, str] = {}
    seen = Seen()
    rows = 0
    # test first: a question that stands in both must not be trained on
    for path in sorted(paths, key=lambda path: "test" not in path.stem.lower()):
        pool = pools.setdefault(_pool(path, alone=len(paths) == 1), [])
        for line, content in _csv_rows(path) if kind == "csv" else lines_of(path):
            rows += 1
            try:
                pool.append(_task(kind, content, f"{path.stem}-{line:05d}", f"{path}:{line}", seen))
            except (BadRow, NoSteps) as error:
                reason = _kind_of(error)
                counts[reason] += 1
                detail = "" if reason == str(error) else f": {error}"
                first.setdefault(reason, f"{path}:{line}{detail}")
    return pools, rows, [Skipped(reason, count, first[reason]) for reason, count in counts.most_common()]


def _task(kind: Kind, content: Row | bytes, name: str, place: str, seen: Seen) -> Task:
    row = object_of(content) if isinstance(content, bytes) else content
    fields = _from_gsm8k(row, name) if kind == "gsm8k" else _from_table(row, name)
    task = task_of(fields, "train", MAX_QUESTION_CHARS)
    first_of_its_kind(task, seen, place)
    return task


def _from_gsm8k(row: Row, name: str) -> Row:
    question, text = _text(row, "question"), _text(row, "answer")
    solution = convert(question, text, MAX_STEPS)
    return {
        "id": name,
        "question": " ".join(question.split()),
        "steps": list(solution.steps),
        "answer": solution.answer,
        "family": operations(solution.steps),
    }


def _from_table(row: Row, name: str) -> Row:
    filled = {key: value for key, value in row.items() if value not in (None, "")}
    answer = filled.get("answer")
    if type(answer) in (int, float):
        filled["answer"] = str(answer)
    if isinstance(filled.get("steps"), str):  # "3 * 8; #1 + 5"
        filled["steps"] = [step.strip() for step in filled["steps"].split(";")]
    return {"id": name, "family": "all"} | filled


def _text(row: Row, key: str) -> str:
    if not isinstance(row.get(key), str):
        raise BadRow(f"missing key {key!r}, or not text")
    return str(row[key])


def _csv_rows(path: Path) -> Iterator[tuple[int, Row]]:
    try:
        reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""), strict=True)
        for row in reader:
            yield reader.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as CSV: {error}") from None


def _kind_of(error: Exception) -> str:
    """The reason without what differs from row to row, to count by."""
    return re.split(r" (?=['\"]|is already at|has \d|differs|must be|at column)", str(error))[0]


def _draw(pools: Mapping[str, list[Task]], sizes: Mapping[Split, int], seed: int) -> dict[Split, list[Task]]:
    """Each split from its own pool, in the order of a hash; where a pool is too small, all shrink alike."""
    splits: dict[Split, list[Task]] = {}
    for name, pool in pools.items():
        ordered = sorted(pool, key=lambda task: hashlib.sha256(f"{seed}/{task.question}".encode()).digest())
        wanted = {split: sizes[split] for split in POOLS[name]}
        share = min(1.0, len(pool) / sum(wanted.values()))
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
