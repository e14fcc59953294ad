"""Task files: the JSONL of one split in, good tasks and quarantined lines out.

Every line that is not blank ends up in one of the two lists, with its file and line number:

    {"id": "train-0001", "question": "…", "steps": ["3 * 8", "#1 + 5"], "answer": "29", "family": "boxes"}

`steps` may be left out (they are then empty), `domain` too (it is then "maths"). Which other keys a task needs, its
domain says (`domains/`), and what is wrong with them. The reader is handed the ids
and questions of the splits read before, so that a repetition across splits is seen: the later line is bad.
"""

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from exectune.domains.table import DOMAINS
from exectune.errors import DataError
from exectune.task import Split, Task

REQUIRED = ("id", "question", "answer", "family")
TEXTS = ("domain", "entry_point", "solution", "source", "licence")
LISTS = ("steps", "tests", "examples")
MAX_LINE_BYTES = 20_000_000  # a longer line is no task: it is passed over without being held in memory
EXAMPLES = {"steps": "3 * 8", "tests": "assert add(1, 2) == 3", "examples": "add(1, 2)"}
KEPT_CHARS = 10_000  # of a bad line


@dataclass(frozen=True)
class Quarantined:
    """A line that is no task, and why."""

    file: str
    line: int
    reason: str
    raw: str


@dataclass
class Seen:
    """Where each id and each question was met first: `file:line`."""

    ids: dict[str, str] = field(default_factory=dict)
    questions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TaskFile:
    """What was read: `rows` lines that are not blank, each good or quarantined."""

    good: list[Task]
    quarantined: list[Quarantined]

    @property
    def rows(self) -> int:
        """The number of lines that are not blank."""
        return len(self.good) + len(self.quarantined)


class BadRow(Exception):
    """A row is no task; `str(error)` is the reason."""


def read(
    path: Path,
    split: Split,
    seen: Seen,
    *,
    max_question_chars: int,
    fault: Callable[[Task], str] = lambda _: "",
) -> TaskFile:
    """Read one split; `seen` grows by its ids and questions. `fault` says why a task cannot be used, or "".

    Raises:
        DataError: the file cannot be read.
    """
    good: list[Task] = []
    quarantined: list[Quarantined] = []
    for line, raw in lines_of(path):
        text = raw[:KEPT_CHARS].decode("utf-8", errors="replace")
        try:
            task = task_of(object_of(raw), split, max_question_chars)
            if reason := fault(task):
                raise BadRow(reason)
            first_of_its_kind(task, seen, f"{path}:{line}")
        except BadRow as error:
            quarantined.append(Quarantined(str(path), line, str(error), text))
        else:
            good.append(task)
    return TaskFile(good, quarantined)


def normal(question: str) -> str:
    """A question without the differences that make it no other question: spaces and case."""
    return " ".join(question.split()).casefold()


def lines_of(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file that are not blank, with their numbers from 1; of a `.gz` too.

    Of a line beyond `MAX_LINE_BYTES` only so much is given, and one byte more: `object_of` then refuses it.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            number = 0
            while line := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                rest = line
                while len(rest) > MAX_LINE_BYTES and not rest.endswith(b"\n"):
                    rest = file.readline(MAX_LINE_BYTES + 1)
                if line.strip():
                    yield number, line.removesuffix(b"\n")
    except (OSError, EOFError) as error:
        raise DataError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None


def object_of(raw: bytes) -> dict[str, Any]:
    """The JSON object in a line; raises `BadRow` when there is none."""
    if len(raw) > MAX_LINE_BYTES:
        raise BadRow(f"longer than {MAX_LINE_BYTES:,} bytes")
    try:
        row = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BadRow("not UTF-8") from None
    except json.JSONDecodeError as error:
        raise BadRow(f"broken JSON: {error.msg} at column {error.colno}") from None
    except (RecursionError, ValueError):
        raise BadRow("broken JSON: nested too deeply, or a number too long") from None
    if not isinstance(row, dict):
        raise BadRow(f"not an object with keys but {type(row).__name__}")
    return row


def task_of(row: dict[str, Any], split: Split, max_question_chars: int) -> Task:
    """The task that a row holds.

    Raises:
        BadRow: a key is missing, unknown or of the wrong type, or the row is no task of its domain.
    """
    _check_keys(row)
    texts = {key: _text(row, key) for key in REQUIRED if key != "answer"}
    texts |= {key: _text(row, key, may_be_empty=True) for key in ("answer", *TEXTS) if key in row}
    lists = {key: _list(row[key], key) for key in LISTS if key in row}
    question = texts["question"].strip()
    if len(question) > max_question_chars:
        raise BadRow(f"question has {len(question)} characters, at most {max_question_chars} are allowed")
    task = Task(**({"steps": (), "split": split} | texts | lists | {"question": question}))  # type: ignore[arg-type]
    domain = DOMAINS.get(task.domain)
    if domain is None:
        raise BadRow(f"unknown domain {task.domain[:50]!r}; known domains: {', '.join(DOMAINS)}")
    if flaw := domain.flaw(task):
        raise BadRow(flaw)
    return task


def _check_keys(row: dict[str, Any]) -> None:
    known = REQUIRED + TEXTS + LISTS
    for key in row:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}"
            raise BadRow(f"unknown key {key!r}; {hint}")
    for key in REQUIRED:
        if key not in row:
            raise BadRow(f"missing key {key!r}")


def _text(row: dict[str, Any], key: str, *, may_be_empty: bool = False) -> str:
    value = row[key]
    if not isinstance(value, str):
        raise BadRow(f"{key} must be text, found {type(value).__name__} {str(value)[:50]}")
    if not value.strip() and not may_be_empty:
        raise BadRow(f"{key} is empty")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair, "\ud83d": parquet cannot hold it
        raise BadRow(f"{key} holds a character that is not Unicode") from None
    return value


def _list(value: Any, key: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BadRow(f"{key} must be a list of texts such as {EXAMPLES[key]!r}")
    return tuple(value)


def first_of_its_kind(task: Task, seen: Seen, place: str) -> None:
    """Note a task's id and question; raises `BadRow` when one of them was met before."""
    question = normal(task.question)
    if task.id in seen.ids:
        raise BadRow(f"id {task.id!r} is already at {seen.ids[task.id]}")
    if question in seen.questions:
        raise BadRow(f"the same question is already at {seen.questions[question]}")
    seen.ids[task.id] = place
    seen.questions[question] = place
