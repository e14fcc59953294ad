"""Task files: the JSONL of one split in, good tasks and quarantined lines out.

Every line that is not blank ends up in one of the two lists, with its file and line number:

    {"id": "train-0001", "question": "…", "steps": ["3 * 8", "#1 + 5"], "answer": "29", "family": "boxes"}

`steps` may be left out (they are then empty), `domain` too (it is then "maths"). The reader is handed the ids
and questions of the splits read before, so that a repetition across splits is seen: the later line is bad.
"""

import json
from dataclasses import dataclass, field
from difflib import get_close_matches
from fractions import Fraction
from pathlib import Path
from typing import Any

from exectune.calculator import CalculationError, evaluate
from exectune.errors import DataError
from exectune.task import Split, Task
from exectune.verify import is_right, steps_value

REQUIRED = ("id", "question", "answer", "family")
OPTIONAL = ("steps", "domain")


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


def read(path: Path, split: Split, seen: Seen, *, max_question_chars: int) -> TaskFile:
    """Read one split; `seen` grows by its ids and questions.

    Raises:
        DataError: the file cannot be read.
    """
    good: list[Task] = []
    quarantined: list[Quarantined] = []
    for line, raw in lines_of(path):
        text = raw.decode("utf-8", errors="replace")
        try:
            task = task_of(object_of(raw), split, max_question_chars)
            first_of_its_kind(task, seen, f"{path}:{line}")
        except BadRow as error:
            quarantined.append(Quarantined(str(path), line, str(error), text))
        else:
            good.append(task)
    return TaskFile(good, quarantined)


def normal(question: str) -> str:
    """A question without the differences that make it no other question: spaces and case."""
    return " ".join(question.split()).casefold()


def lines_of(path: Path) -> list[tuple[int, bytes]]:
    """The lines of a file that are not blank, with their numbers from 1."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    return [(number, line) for number, line in enumerate(content.split(b"\n"), start=1) if line.strip()]


def object_of(raw: bytes) -> dict[str, Any]:
    """The JSON object in a line; raises `BadRow` when there is none."""
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
        BadRow: a key is missing, unknown or of the wrong type, or the answer is not what the steps come to.
    """
    _check_keys(row)
    texts = {key: _text(row, key) for key in REQUIRED}
    question = texts["question"].strip()
    if len(question) > max_question_chars:
        raise BadRow(f"question has {len(question)} characters, at most {max_question_chars} are allowed")
    steps = _steps(row.get("steps", []))
    _check_answer(texts["answer"], steps)
    domain = _text(row, "domain") if "domain" in row else "maths"
    return Task(texts["id"], split, texts["family"], question, steps, texts["answer"], domain)


def _check_keys(row: dict[str, Any]) -> None:
    known = REQUIRED + OPTIONAL
    for key in row:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}"
            raise BadRow(f"unknown key {key!r}; {hint}")
    for key in REQUIRED:
        if key not in row:
            raise BadRow(f"missing key {key!r}")


def _text(row: dict[str, Any], key: str) -> str:
    value = row[key]
    if not isinstance(value, str):
        raise BadRow(f"{key} must be text, found {type(value).__name__} {str(value)[:50]}")
    if not value.strip():
        raise BadRow(f"{key} is empty")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair, "\ud83d": parquet cannot hold it
        raise BadRow(f"{key} holds a character that is not Unicode") from None
    return value


def _steps(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(step, str) for step in value):
        raise BadRow('steps must be a list of texts such as "3 * 8"')
    return tuple(value)


def _check_answer(answer: str, steps: tuple[str, ...]) -> None:
    try:
        evaluate(answer)
    except CalculationError:
        raise BadRow(f"answer {answer[:50]!r} is not a number") from None
    if not steps:
        return
    value = _value(steps)
    if not is_right(str(value), answer):
        raise BadRow(f"answer {answer} differs from what the steps come to, {value}")


def _value(steps: tuple[str, ...]) -> Fraction:
    try:
        return steps_value(steps)
    except CalculationError as error:
        raise BadRow(f"steps do not evaluate: {error}") from None


def first_of_its_kind(task: Task, seen: Seen, place: str) -> None:
    """Note a task's id and question; raises `BadRow` when one of them was met before."""
    question = normal(task.question)
    if task.id in seen.ids:
        raise BadRow(f"id {task.id!r} is already at {seen.ids[task.id]}")
    if question in seen.questions:
        raise BadRow(f"the same question is already at {seen.questions[question]}")
    seen.ids[task.id] = place
    seen.questions[question] = place
