from dataclasses import fields
from pathlib import Path

import polars as pl
import pytest

from exectune.errors import DataError
from exectune.outcome import SCHEMA, Outcome, read_frame, to_frame, write_frame
from tests.scripted import outcome


def test_the_tables_columns_are_the_outcomes_fields() -> None:
    assert list(SCHEMA) == [field.name for field in fields(Outcome)]


def test_outcomes_come_back_as_they_were_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcomes = [outcome(), outcome(failed_step=2, replies=()), outcome(error="timed out")]
    write_frame(to_frame(outcomes), Path("artifacts/evaluate/outcomes.parquet"))
    frame = read_frame("evaluate", "outcomes")
    rows = frame.to_dicts()
    assert [Outcome(**(row | {"replies": tuple(row["replies"])})) for row in rows] == outcomes
    assert frame["error"].to_list() == [None, None, "timed out"]
    assert [path.name for path in Path("artifacts/evaluate").iterdir()] == ["outcomes.parquet"]


def test_no_outcomes_are_a_table_with_its_columns() -> None:
    assert to_frame([]).schema == pl.Schema(SCHEMA)


def test_a_table_that_is_missing_names_the_stage_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        DataError, match=r"artifacts/baseline/outcomes\.parquet is missing: run `dvc repro base"
    ):
        read_frame("baseline", "outcomes")
