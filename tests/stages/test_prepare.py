import json
import os
import subprocess
import sys
from pathlib import Path
from shutil import copytree

import polars as pl
import pytest

from exectune import ledger_place, params, stage, tracking
from exectune.bundled.generate import FOLDER, SIZES
from exectune.errors import DataError
from exectune.ledger import Ledger
from exectune.task import read_tasks
from stages import prepare

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder with the bundled tasks, where no run is recorded."""

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tracking, "log_metrics", lambda _: None)
    copytree(FOLDER, tmp_path / "data")
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    return tmp_path


def run_stage() -> None:
    with Ledger.open(ledger_place.FILE, stage="prepare", run_id="run", prices={}) as ledger:
        this = stage.Stage("prepare", params.load(), "run", ledger)
        this.folder.mkdir(parents=True)
        prepare.main(this)


def add_lines(path: Path, *lines: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)


def test_good_rows_and_quarantined_rows_add_up(folder: Path) -> None:
    first = (folder / "data/train.jsonl").read_text(encoding="utf-8").splitlines()[0]
    add_lines(folder / "data/train.jsonl", '{"id": "broken', first)
    add_lines(folder / "data/test.jsonl", first.replace("train-0001", "test-9999"))
    run_stage()
    for split, size in SIZES.items():
        assert len(read_tasks(Path(f"artifacts/prepare/{split}.parquet"))) == size
    bad = pl.read_parquet("artifacts/prepare/quarantine.parquet")
    assert bad["file"].to_list() == ["data/train.jsonl", "data/train.jsonl", "data/test.jsonl"]
    assert bad["line"].to_list() == [SIZES["train"] + 1, SIZES["train"] + 2, SIZES["test"] + 1]
    metrics = json.loads(Path("metrics/prepare.json").read_text(encoding="utf-8"))
    assert {key: metrics[key] for key in ("rows", "good", "quarantined")} == {
        "rows": sum(SIZES.values()) + 3,
        "good": sum(SIZES.values()),
        "quarantined": 3,
    }
    assert metrics["splits"]["train"] == {
        "rows": SIZES["train"] + 2,
        "good": SIZES["train"],
        "quarantined": 2,
    }
    assert Path("artifacts/prepare/docs/index.html").is_file()


def test_too_many_bad_lines_stop_the_stage_and_are_named(folder: Path) -> None:
    add_lines(folder / "data/dev.jsonl", *["oops"] * 200)
    with pytest.raises(DataError) as found:
        run_stage()
    lines = sum(SIZES.values()) + 200
    assert f"200 of {lines} lines are bad, more than prepare.max_bad_share = 0.05" in str(found.value)
    assert "data/dev.jsonl:101: broken JSON: " in str(found.value)
    assert "and 195 more" in str(found.value)
    assert pl.read_parquet("artifacts/prepare/quarantine.parquet").height == 200
    assert not Path("artifacts/prepare/train.parquet").exists()


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_split_that_is_needed_must_be_there(split: str, folder: Path) -> None:
    (folder / f"data/{split}.jsonl").unlink()
    with pytest.raises(DataError, match=f"data/{split}.jsonl is missing"):
        run_stage()


def test_a_split_that_is_needed_must_hold_a_good_task(folder: Path) -> None:
    (folder / "data/test.jsonl").write_text("oops\n", encoding="utf-8")
    with pytest.raises(
        DataError, match=r"data/test.jsonl holds no good task\n  data/test.jsonl:1: broken JSON"
    ):
        run_stage()


def test_dev_and_held_out_may_be_missing(folder: Path) -> None:
    (folder / "data/dev.jsonl").unlink()
    (folder / "data/held_out.jsonl").unlink()
    run_stage()
    assert read_tasks(Path("artifacts/prepare/held_out.parquet")) == []
    assert pl.read_parquet("artifacts/prepare/quarantine.parquet").is_empty()


def test_a_task_file_with_another_name_is_not_left_out_in_silence(folder: Path) -> None:
    (folder / "data/dev.jsonl").rename(folder / "data/valid.jsonl")
    with pytest.raises(DataError, match=r"data/valid\.jsonl belongs to no split"):
        run_stage()


def test_a_users_mistake_is_a_message_without_a_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "stages.prepare"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("prepare: params.yaml is missing")
    assert "Traceback" not in done.stderr
