from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from exectune.errors import DataError
from exectune.task import SCHEMA, read_all, read_tasks, write_tasks
from tests.scripted import TASK, task


def test_tasks_come_back_as_they_were_written(tmp_path: Path) -> None:
    tasks = [TASK, task(3), replace(TASK, id="æ", steps=(), answer="2.5", domain="code")]
    write_tasks(tasks, tmp_path / "test.parquet")
    assert read_tasks(tmp_path / "test.parquet") == tasks
    assert [path.name for path in tmp_path.iterdir()] == ["test.parquet"]


def test_a_split_without_tasks_has_its_columns(tmp_path: Path) -> None:
    write_tasks([], tmp_path / "dev.parquet")
    assert read_tasks(tmp_path / "dev.parquet") == []
    assert pl.read_parquet(tmp_path / "dev.parquet").schema == pl.Schema(SCHEMA)


def test_a_split_is_read_where_prepare_wrote_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        DataError, match=r"artifacts/prepare/test\.parquet is missing: run `dvc repro prepare`"
    ):
        read_all("test")
    Path("artifacts/prepare").mkdir(parents=True)
    write_tasks([TASK], Path("artifacts/prepare/test.parquet"))
    assert read_all("test") == [TASK]
