from pathlib import Path

import polars as pl

from exectune.task import Task, write_tasks
from exectune.validation import validate_strategies, validate_tasks

TASKS = [
    Task("t-1", "train", "boxes", "How many pens are in 3 boxes of 8?", ("3 * 8",), "24"),
    Task("t-2", "test", "boxes", "How many pens are in 4 boxes of 9?", (), "36"),
]


def frame_of(tasks: list[Task], folder: Path) -> pl.DataFrame:
    write_tasks(tasks, folder / "tasks.parquet")
    return pl.read_parquet(folder / "tasks.parquet").with_columns(verifiable=True)


def strategies(**changes: object) -> pl.DataFrame:
    row = {
        "task_id": "t-1",
        "family": "boxes",
        "question": TASKS[0].question,
        "strategy": "<strategy>\n1. Multiply 3 by 8.\n</strategy>",
        "wordings": ["multiply/multiply"],
        "accepted": True,
        "valid": True,
        "executed": True,
        "correct": True,
        "leak": False,
    }
    return pl.DataFrame([row | changes])


def test_good_tasks_pass_and_their_docs_open_from_the_folder(tmp_path: Path) -> None:
    verdict = validate_tasks(frame_of(TASKS, tmp_path), tmp_path / "docs", max_question_chars=200)
    assert (verdict.success, verdict.rows, verdict.failures) == (True, 2, [])
    assert "tasks" in (tmp_path / "docs" / "index.html").read_text(encoding="utf-8")


def test_what_is_wrong_with_tasks_is_named(tmp_path: Path) -> None:
    twice = [TASKS[0], TASKS[0]]
    frame = frame_of(twice, tmp_path).with_columns(verifiable=False, split=pl.lit("trian"))
    verdict = validate_tasks(frame, tmp_path / "docs", max_question_chars=10)
    assert not verdict.success
    for failed in (
        "unique on id",
        "unique on question",
        "in_set on split",
        "in_set on verifiable",
        "between on question",
    ):
        assert any(failed in failure for failure in verdict.failures), failed


def test_good_strategies_pass(tmp_path: Path) -> None:
    assert validate_strategies(strategies(), tmp_path / "docs", task_ids=["t-1"]).failures == []


def test_what_is_wrong_with_strategies_is_named(tmp_path: Path) -> None:
    wrong = strategies(task_id="t-9", strategy="Multiply 3 by 8.", executed=False, leak=True)
    verdict = validate_strategies(pl.concat([wrong, wrong]), tmp_path / "docs", task_ids=["t-1"])
    assert not verdict.success
    for failed in (
        "in_set on task_id",
        "regex on strategy",
        "in_set on executed",
        "in_set on leak",
        "compound",
    ):
        assert any(failed in failure for failure in verdict.failures), failed
    assert not any("on correct" in failure for failure in verdict.failures)


def test_a_missing_column_is_a_failure(tmp_path: Path) -> None:
    verdict = validate_strategies(strategies().drop("strategy"), tmp_path / "docs", task_ids=["t-1"])
    assert not verdict.success
    assert any("strategy" in failure for failure in verdict.failures)
