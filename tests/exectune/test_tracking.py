import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import mlflow
import polars as pl
import pytest
from mlflow.entities import Run

from exectune import process, registry, tracking
from exectune.cores.base import Exchange, Reply, Sampling, answer_in_batches
from exectune.errors import TrackingError
from exectune.ledger import Ledger
from exectune.params import Params
from exectune.prices import Price
from tests.exectune.registered import NAME, Measured, aliases, prepare, register
from tests.running import environment_without, printed

pytestmark = pytest.mark.usefixtures("project")

ROOT = Path(__file__).parents[2]
MODEL = """
import mlflow
from mlflow.pyfunc import PythonModel

class Policy(PythonModel):
    def load_context(self, context):
        with open(context.artifacts["adapter"] + "/adapter.txt") as file:
            self.adapter = file.read()

    def predict(self, context, model_input, params=None):
        return [f"{self.adapter}: {question}" for question in model_input.iloc[:, 0]]

mlflow.models.set_model(Policy())
"""

KILLED = """
import os, signal, sys
from exectune import tracking
assert "mlflow" not in sys.modules
with tracking.stage_run("accept", {"seed": 0}) as run:
    tracking.log_metrics({"accepted": 1.0})
    assert "torch" not in sys.modules
    print(run.id, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


class Echo:
    """A model that repeats what it is asked."""

    name, paid = "echo", False

    def answer(self, exchange: Exchange, sampling: Sampling) -> None:
        answer_in_batches(self.generate, exchange, sampling, batch=256)

    def generate(self, prompts: Sequence[str], sampling: Sampling) -> list[Reply]:
        return [Reply(prompt, 10, sampling.max_new_tokens, 0.1) for prompt in prompts]


def read(run_id: str) -> Run:
    return mlflow.MlflowClient().get_run(run_id)


def test_a_stage_is_a_run_with_params_metrics_and_tags(project: Path) -> None:
    (project / "data.dvc").write_text("outs:\n- md5: 0a1b.dir\n  path: data\n")
    with tracking.stage_run("sft", {"sft.max_steps": 120, "models.guide": "smollm2-135m"}) as run:
        tracking.log_metrics({"loss": 0.25})
    found = read(run.id)
    assert (found.info.run_name, found.info.status) == ("sft", "FINISHED")
    assert found.data.params == {"sft.max_steps": "120", "models.guide": "smollm2-135m"}
    assert found.data.metrics == {"loss": 0.25}
    assert found.data.tags["data_hash"] == "0a1b.dir"
    assert found.data.tags["pid"] == str(os.getpid())
    assert process.alive(found.data.tags["process"])
    assert mlflow.get_experiment(found.info.experiment_id).name == tracking.EXPERIMENT


def test_the_commit_is_a_tag(project: Path) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    for command in (["init", "-q"], [*identity, "commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run(["git", *command], cwd=project, check=True)
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=project, check=True, capture_output=True, text=True
    )
    with tracking.stage_run("sft", {}) as run:
        pass
    assert read(run.id).data.tags["git_commit"] == head.stdout.strip()


def test_runs_and_files_stay_in_the_working_folder(project: Path) -> None:
    (project / "table.txt").write_text("table")
    (project / "plots").mkdir()
    (project / "plots" / "one.txt").write_text("one")
    with tracking.stage_run("evaluate", {}) as run:
        tracking.log_artifact(project / "table.txt")
        tracking.log_artifact(Path("plots"))
    assert os.environ["MLFLOW_TRACKING_URI"] == f"sqlite:///{project}/mlflow.db"
    written = {path.relative_to(project / "mlruns").parts[2:] for path in (project / "mlruns").rglob("*.txt")}
    assert written == {("artifacts", "table.txt"), ("artifacts", "plots", "one.txt")}
    assert read(run.id).info.artifact_uri.startswith(str(project / "mlruns"))


def test_a_stage_that_raises_ends_failed() -> None:
    def stage(ids: list[str]) -> None:
        with tracking.stage_run("rl", {}) as run:
            ids.append(run.id)
            raise ValueError("broken")

    ids: list[str] = []
    with pytest.raises(ValueError, match="broken"):
        stage(ids)
    assert read(ids[0]).info.status == "FAILED"


def test_a_stages_run_is_a_child_of_the_flows_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with tracking.parent_run("retrain") as parent:
        pass
    monkeypatch.setenv(tracking.PARENT, parent.id)
    with tracking.stage_run("sft", {}) as child:
        pass
    assert read(child.id).data.tags["mlflow.parentRunId"] == parent.id
    assert "mlflow.parentRunId" not in read(parent.id).data.tags


def test_the_flows_run_is_the_one_that_mlflow_run_made(monkeypatch: pytest.MonkeyPatch) -> None:
    given = mlflow.MlflowClient(f"sqlite:///{Path.cwd()}/mlflow.db").create_run("0")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "0")
    monkeypatch.setenv("MLFLOW_RUN_ID", given.info.run_id)
    with tracking.parent_run("retrain") as parent:
        pass
    monkeypatch.setenv(tracking.PARENT, parent.id)
    with tracking.stage_run("sft", {}) as child:
        pass
    assert parent.id == given.info.run_id
    assert read(child.id).info.experiment_id == "0"


def test_the_run_of_a_killed_process_is_closed_and_a_living_ones_is_not() -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", KILLED]
    killed = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert killed.stderr == "", "tracking is quiet, and imports mlflow late and torch never"
    with tracking.parent_run("retrain") as parent:
        assert read(killed.stdout.strip()).info.status == "KILLED"
        tracking._close_dead_runs(mlflow)
        assert read(parent.id).info.status == "RUNNING"


def test_a_process_that_is_killed_while_it_makes_the_database_leaves_none(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    environment = environment_without("MLFLOW_") | {"PYTHONPATH": str(ROOT)}
    program = "from exectune import tracking\ntracking.make_ready()\nprint(tracking.versions('guide'))\n"
    making = subprocess.Popen([sys.executable, "-c", program], cwd=folder, env=environment)
    end = time.monotonic() + 60
    while not any(path.stat().st_size for path in folder.glob("*/mlflow.db")) and time.monotonic() < end:
        time.sleep(0.01)
    making.kill()
    making.wait()
    assert list(folder.glob("*/mlflow.db")) != []
    assert not (folder / "mlflow.db").exists()
    said = printed(folder, sys.executable, "-c", program, environment=environment)
    assert said.strip() == "[]"
    assert (folder / "mlflow.db").is_file()


def test_what_a_run_spent_is_logged(project: Path) -> None:
    prices = {"core": Price(1.0, 5.0), "guide": Price(0.05, 0.1)}
    path = project / "ledger.sqlite"
    with (
        tracking.stage_run("accept", {}) as run,
        Ledger.open(path, stage="accept", run_id=run.id, prices=prices) as ledger,
    ):
        ledger.complete(Echo(), ["a", "b", "a"], Sampling(4), role="core")
        ledger.complete(Echo(), ["c"], Sampling(4), role="guide")
        tracking.log_ledger(ledger, run.id)
    metrics = read(run.id).data.metrics
    assert metrics["ledger.core.calls"] == 3
    assert metrics["ledger.core.cached"] == 1
    assert metrics["ledger.core.usd"] == pytest.approx(2 * 30e-6)
    assert metrics["ledger.usd"] == pytest.approx(2 * 30e-6 + 0.9e-6)
    (table,) = (project / "mlruns").rglob("ledger.parquet")
    assert pl.read_parquet(table)["role"].to_list() == ["core", "core", "core", "guide"]


def test_a_registered_guide_carries_its_adapter_and_aliases_move(project: Path) -> None:
    (project / "mlflow_project").mkdir()
    (project / "mlflow_project" / "guide_model.py").write_text(MODEL)
    (project / "params.yaml").write_text("seed: 0\n")
    (project / "adapter").mkdir()
    assert tracking.get_alias("guide", "champion") is None
    numbers = []
    for round_ in ("first", "second"):
        (project / "adapter" / "adapter.txt").write_text(round_)
        with tracking.stage_run("promote", {}) as run:
            made = tracking.register_guide(
                "guide",
                Path("adapter"),
                {"rl.max_steps": 30},
                {"accuracy": "0.8"},
                {"model_card.md": "# A guide\n", "data_card.md": "# Its data\n"},
            )
        numbers.append(made.number)
        assert (made.run_id, made.tags) == (run.id, {"accuracy": "0.8"})
        tracking.set_alias("guide", "champion", made.number)
        champion = tracking.get_alias("guide", "champion")
        assert champion == made
        model = mlflow.pyfunc.load_model("models:/guide@champion")
        assert model.predict(["how many?"]) == [f"{round_}: how many?"]
    assert numbers == [1, 2]
    assert tracking.get_alias("guide", "challenger") is None
    assert [version.number for version in tracking.versions("guide")] == [1, 2]
    tracking.delete_alias("guide", "champion")
    assert tracking.get_alias("guide", "champion") is None
    found = mlflow.MlflowClient().get_model_version("guide", "2")
    assert found.description == "# A guide\n\n# Its data\n"
    folder = Path(mlflow.artifacts.download_artifacts("models:/guide/2"))
    assert (folder / "model_card.md").read_text() == "# A guide\n"
    assert model.input_example == [tracking.EXAMPLE]
    assert model.metadata.signature.outputs.input_names() == ["strategy", "answer", "executed", "usd"]
    assert not list(folder.rglob("__pycache__"))


def test_traces_show_guide_and_core_with_tokens_usd_and_time() -> None:
    guide = tracking.Span("guide", "small", {"question": "q"}, {"strategy": "s"}, 20, 10, 0.001, 1.5)
    core = tracking.Span("core", "large", {"strategy": "s"}, {"replies": ["3 * 8"]}, 100, 6, 0.002, 0.5)
    with tracking.stage_run("evaluate", {}) as run:
        tracking.log_traces([tracking.Trace("rl", {"question": "q"}, {"answer": "24"}, [guide, core])])
    experiment = mlflow.get_experiment_by_name(tracking.EXPERIMENT)
    [trace] = mlflow.search_traces(locations=[experiment.experiment_id], return_type="list")
    assert trace.info.request_metadata["mlflow.sourceRun"] == run.id
    assert trace.info.execution_duration == 2000
    assert trace.info.token_usage == {"input_tokens": 120, "output_tokens": 16, "total_tokens": 136}
    assert trace.info.cost["total_cost"] == pytest.approx(0.003)
    root, first, second = trace.data.spans
    assert [span.name for span in (root, first, second)] == ["rl", "guide", "core"]
    assert first.parent_id == second.parent_id == root.span_id
    assert second.start_time_ns == first.end_time_ns
    assert (second.outputs, root.outputs) == ({"replies": ["3 * 8"]}, {"answer": "24"})


def test_a_server_that_cannot_be_reached_is_one_error_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:secret@{address}")
        began = time.perf_counter()
        with pytest.raises(TrackingError, match=f"server at http://{address} cannot be reached: start it"):
            tracking.get_alias("guide", "champion")
    assert time.perf_counter() - began < 20  # 0.1 s once MLflow is imported; its own retries take minutes


def test_a_database_that_is_none_is_one_error(project: Path) -> None:
    (project / "mlflow.db").write_bytes(b"no database" * 1000)
    with pytest.raises(TrackingError, match=r"MLflow at sqlite:.*mlflow\.db: .*file is not a database"):
        tracking.get_alias("guide", "champion")


@pytest.mark.timeout(600)
def test_a_remote_server_is_the_same(
    tracking_server: str, project: Path, settings: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking_server)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    killed = subprocess.run(
        [sys.executable, "-c", KILLED], env=environment, capture_output=True, text=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    prepare(project)
    for right in (200, 300):
        register(settings, Measured(right))
        registry.promote(settings)
    assert read(killed.stdout.strip()).info.status == "KILLED"
    assert aliases() == {"champion": 2, "previous": 1, "challenger": 2}
    registry.rollback(settings)
    assert aliases() == {"champion": 1, "previous": 2, "challenger": 2}
    assert (tracking.fetch_adapter(NAME, 1) / "adapter_model.safetensors").read_bytes() == b"weights"
    assert not (project / "mlruns").exists(), "files are on the server"


def test_what_was_fetched_goes_with_the_process(project: Path, settings: Params) -> None:
    prepare(project)
    run_id = register(settings, Measured(200)).run_id
    temporary = project / "temporary"
    temporary.mkdir()
    program = f"from exectune import tracking; print(tracking.fetch_artifact({run_id!r}, 'outcomes.parquet'))"
    environment = os.environ | {"TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)}
    fetched = Path(printed(project, sys.executable, "-c", program, environment=environment).splitlines()[-1])
    assert fetched.is_relative_to(temporary)
    assert not list(temporary.iterdir())
