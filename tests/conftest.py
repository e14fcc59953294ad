import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from exectune import models, params, process, sandbox, tracking
from exectune.errors import SandboxError
from exectune.ledger import Ledger
from tests.exectune.tiny import make_tiny_model

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def settings() -> params.Params:
    """The settings of params.yaml."""
    return params.load(ROOT / "params.yaml")


@pytest.fixture
def ledger(settings: params.Params, tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger at the prices of params.yaml."""
    path, prices = tmp_path / "ledger.sqlite", models.prices(settings)
    with Ledger.open(path, stage="test", run_id="run", prices=prices) as opened:
        yield opened


@pytest.fixture(autouse=True)
def no_experiment_left() -> Iterator[None]:
    """MLflow's `set_experiment` writes its id into the environment, where a later test's programs would find it."""
    yield
    os.environ.pop("MLFLOW_EXPERIMENT_ID", None)


@pytest.fixture(scope="session")
def limits(settings: params.Params) -> params.SandboxLimits:
    """The limits of the sandbox, where there is one: elsewhere the test is skipped, and fails where it must run."""
    try:
        with sandbox.warm(settings.sandbox, "programs").job(
            {"role": "judge", "test": "", "entry_point": "f"}
        ):
            pass
    except SandboxError as error:
        if os.environ.get("EXECTUNE_TEST_SANDBOX") == "required":  # set by .ci/run
            raise
        pytest.skip(str(error))
    return settings.sandbox


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny random model."""
    folder = tmp_path_factory.mktemp("tiny")
    make_tiny_model(folder)
    return folder


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's tables, made once: that takes seconds."""
    import mlflow

    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    mlflow.MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture(scope="session")
def tracking_server(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an MLflow server with a database and files of its own."""
    folder = tmp_path_factory.mktemp("mlflow_server")
    shutil.copy(empty_database, folder / "mlflow.db")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--backend-store-uri",
        f"sqlite:///{folder}/mlflow.db",
    ]
    command += ["--artifacts-destination", str(folder / "files"), "--port", str(port), "--workers", "1"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | {"PATH": process.path()},  # MLflow starts `uvicorn`
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 120
            while not _answers(f"{address}/health"):
                assert server.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline, (folder / "log").read_text()
                time.sleep(0.2)
            yield address
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except OSError:
        return False


@pytest.fixture
def project(empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder with an MLflow database of its own."""
    import mlflow

    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_ID", "MLFLOW_RUN_ID", tracking.PARENT):
        monkeypatch.setenv(name, "")  # so that what MLflow sets here ends with the test
        monkeypatch.delenv(name)
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copy(empty_database, folder / "mlflow.db")
    monkeypatch.chdir(folder)
    yield folder
    while mlflow.active_run():
        mlflow.end_run()
