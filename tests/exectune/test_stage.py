import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import Run

from exectune import ledger_place, stage
from exectune.cores.base import Sampling
from exectune.errors import DataError
from tests.scripted import core

ROOT = Path(__file__).parents[2]
SCRIPT = """
from exectune import stage
from exectune.errors import DataError

def main(this):
    this.write_metrics({"rows": 3})
    raise DataError("the data is bad: mend it")

stage.run("prepare", main)
"""


@pytest.fixture(autouse=True)
def folder(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the settings and an empty MLflow database."""
    monkeypatch.delenv("DVC_STAGE", raising=False)
    shutil.copy(ROOT / "params.yaml", project)
    return project


def runs() -> list[Run]:
    client = mlflow.MlflowClient(f"sqlite:///{Path.cwd()}/mlflow.db")
    return [run for one in client.search_experiments() for run in client.search_runs([one.experiment_id])]


def test_a_stage_has_its_settings_folder_ledger_and_run(folder: Path) -> None:
    def main(this: stage.Stage) -> None:
        assert (this.name, this.params.seed) == ("accept", 0)
        assert this.folder == Path("artifacts/accept")
        assert this.folder.is_dir()
        this.ledger.complete(core(), ["Instruction: Add 1 to 2.\nExpression:"], Sampling(16), role="core")
        figures = {"value": 0.5, "n": 4}
        this.write_metrics({"accepted": 2, "round_1": figures, "passed": True, "note": "two rounds"})

    stage.run("accept", main)
    (run,) = runs()
    assert (run.info.run_name, run.info.status) == ("accept", "FINISHED")
    assert run.data.params["rl.reward.degrade"] == "0.5"
    logged = {key: value for key, value in run.data.metrics.items() if not key.startswith("ledger.")}
    assert logged == {"accepted": 2, "round_1.value": 0.5, "round_1.n": 4, "passed": 1}
    assert run.data.metrics["ledger.core.calls"] == 1
    assert json.loads((folder / "metrics/accept.json").read_text(encoding="utf-8")) == {
        "accepted": 2,
        "round_1": {"value": 0.5, "n": 4},
        "passed": True,
        "note": "two rounds",
    }


def test_metrics_are_written_whole_or_not_at_all(folder: Path) -> None:
    def main(this: stage.Stage) -> None:
        this.write_metrics({"rows": 3})
        this.write_metrics({"rows": 4, "folder": this.folder})  # a path is no JSON

    with pytest.raises(TypeError, match="not JSON serializable"):
        stage.run("prepare", main)
    assert json.loads((folder / "metrics/prepare.json").read_text(encoding="utf-8")) == {"rows": 3}
    assert [path.name for path in (folder / "metrics").iterdir()] == ["prepare.json"]


def test_a_users_mistake_is_one_line_and_exit_code_1_and_the_run_has_failed(folder: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == "prepare: the data is bad: mend it\n"
    (run,) = runs()
    assert run.info.status == "FAILED"
    assert run.data.metrics["rows"] == 3


def test_what_a_stage_paid_before_it_failed_is_logged() -> None:
    def main(this: stage.Stage) -> None:
        this.ledger.complete(core(), ["Instruction: Add 1 to 2.\nExpression:"], Sampling(16), role="core")
        raise DataError("no more")

    with pytest.raises(SystemExit) as ended:
        stage.run("accept", main)
    assert ended.value.code == "accept: no more"
    (run,) = runs()
    assert run.info.status == "FAILED"
    assert run.data.metrics["ledger.usd"] > 0


def test_a_mistake_of_ours_keeps_its_traceback() -> None:
    def main(this: stage.Stage) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stage.run("accept", main)
    assert [run.info.status for run in runs()] == ["FAILED"]


def test_settings_that_are_wrong_end_the_stage_before_a_run_begins(folder: Path) -> None:
    text = (folder / "params.yaml").read_text(encoding="utf-8")
    (folder / "params.yaml").write_text(text.replace("seed: 0", "sead: 0"), encoding="utf-8")
    with pytest.raises(SystemExit, match=r"^prepare: params\.yaml: missing key `seed`"):
        stage.run("prepare", lambda _: None)
    assert runs() == []


def test_a_paid_model_that_cannot_be_reached_ends_a_paying_stage_before_a_run_begins(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    text = (folder / "params.yaml").read_text(encoding="utf-8")
    text = text.replace("  name: reference", "  name: openai/gpt-4.1-nano")
    (folder / "params.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit, match=r"^baseline: no key for OpenAI: set OPENAI_API_KEY"):
        stage.run("baseline", lambda _: None)
    assert runs() == []
    stage.run("sft", lambda _: None)  # calls none
    assert len(runs()) == 1


def test_a_damaged_ledger_is_the_users_to_put_right(folder: Path) -> None:
    (folder / ".exectune").mkdir()
    (folder / ledger_place.FILE).write_bytes(b"no database" * 1000)
    with pytest.raises(SystemExit, match=r"prepare: .*ledger\.sqlite"):
        stage.run("prepare", lambda _: None)
    assert [run.info.status for run in runs()] == ["FAILED"]
