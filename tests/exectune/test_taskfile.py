import json
from pathlib import Path
from typing import Any

import pytest

from exectune.errors import DataError
from exectune.taskfile import Seen, TaskFile, read

GOOD: dict[str, Any] = {
    "id": "t-1",
    "question": "Ana has 3 boxes of 8 pens. How many pens is that?",
    "steps": ["3 * 8"],
    "answer": "24",
    "family": "boxes",
}


def read_lines(path: Path, *lines: str | bytes, seen: Seen | None = None) -> TaskFile:
    path.write_bytes(b"\n".join(line.encode() if isinstance(line, str) else line for line in lines) + b"\n")
    return read(path, "train", seen or Seen(), max_question_chars=200)


def test_a_good_line_becomes_a_task(tmp_path: Path) -> None:
    file = read_lines(tmp_path / "train.jsonl", json.dumps(GOOD))
    [task] = file.good
    assert (task.id, task.split, task.steps, task.answer, task.domain) == (
        "t-1",
        "train",
        ("3 * 8",),
        "24",
        "maths",
    )
    assert not file.quarantined


def test_steps_may_be_missing(tmp_path: Path) -> None:
    row = {key: value for key, value in GOOD.items() if key != "steps"}
    assert read_lines(tmp_path / "train.jsonl", json.dumps(row)).good[0].steps == ()


BAD: dict[str, tuple[str | bytes, str]] = {
    "broken JSON": ('{"id": "t-2", ', "broken JSON: "),
    "two objects in a line": (json.dumps(GOOD) + json.dumps(GOOD), "broken JSON: Extra data at column"),
    "not UTF-8": (b'{"id": "\xff"}', "not UTF-8"),
    "a list": ("[1, 2]", "not an object with keys but list"),
    "nested deeply": ("[" * 100_000, "broken JSON"),
    "half a surrogate": (json.dumps(GOOD | {"id": "\ud83d"}), "id holds a character that is not Unicode"),
    "missing key": ('{"id": "t-2", "question": "How many?", "answer": "1"}', "missing key 'family'"),
    "unknown key": (json.dumps(GOOD | {"anwser": "24"}), "unknown key 'anwser'; did you mean 'answer'?"),
    "number for text": (json.dumps(GOOD | {"answer": 24}), "answer must be text, found int 24"),
    "empty question": (json.dumps(GOOD | {"question": "  "}), "question is empty"),
    "long question": (
        json.dumps(GOOD | {"question": "Why? " * 50}),
        "question has 249 characters, at most 200",
    ),
    "steps as text": (json.dumps(GOOD | {"steps": "3 * 8"}), "steps must be a list"),
    "two operations": (
        json.dumps(GOOD | {"steps": ["3 * 8 + 0"]}),
        "steps do not evaluate: not_one_operation",
    ),
    "dangling": (json.dumps(GOOD | {"steps": ["#2 * 8"]}), "steps do not evaluate: dangling_reference"),
    "no number": (json.dumps(GOOD | {"answer": "many", "steps": []}), "answer 'many' is not a number"),
    "another answer": (
        json.dumps(GOOD | {"answer": "25"}),
        "answer 25 differs from what the steps come to, 24",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_line_is_quarantined_with_its_place_and_reason(case: str, tmp_path: Path) -> None:
    line, reason = BAD[case]
    path = tmp_path / "train.jsonl"
    file = read_lines(path, json.dumps(GOOD | {"id": "t-0"}), "", line)
    [bad] = file.quarantined
    assert (bad.file, bad.line) == (str(path), 3)
    assert bad.reason.startswith(reason)
    assert len(file.good) == 1
    assert file.rows == 2


def test_the_raw_line_is_kept(tmp_path: Path) -> None:
    assert read_lines(tmp_path / "train.jsonl", '{"id": ').quarantined[0].raw == '{"id": '


def test_the_later_of_two_lines_with_one_id_is_bad(tmp_path: Path) -> None:
    other = GOOD | {"question": "How many pens are in 3 boxes of 8?"}
    path = tmp_path / "train.jsonl"
    file = read_lines(path, json.dumps(GOOD), json.dumps(other))
    assert file.quarantined[0].reason == f"id 't-1' is already at {path}:1"


def test_a_question_of_another_split_is_bad_however_it_is_spaced(tmp_path: Path) -> None:
    seen = Seen()
    first = tmp_path / "train.jsonl"
    read_lines(first, json.dumps(GOOD), seen=seen)
    again = GOOD | {"id": "t-2", "question": GOOD["question"].replace(" ", "  ").upper()}
    file = read_lines(tmp_path / "test.jsonl", json.dumps(again), seen=seen)
    assert file.quarantined[0].reason == f"the same question is already at {first}:1"


def test_a_bad_line_does_not_take_its_id_or_question_from_a_good_one(tmp_path: Path) -> None:
    file = read_lines(tmp_path / "train.jsonl", json.dumps(GOOD | {"answer": "25"}), json.dumps(GOOD))
    assert [task.answer for task in file.good] == ["24"]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.jsonl cannot be read"):
        read(tmp_path / "gone.jsonl", "train", Seen(), max_question_chars=200)
