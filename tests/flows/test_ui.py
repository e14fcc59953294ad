import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from flows.ui import ServiceError, check_free
from tests.flows.waiting import wait_for
from tests.running import environment_without
from tests.test_pipeline import ROOT


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def test_a_port_that_is_taken_is_named_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with pytest.raises(ServiceError, match=rf"port {port} is in use.*set MLFLOW_PORT to another"):
            check_free("MLFLOW_PORT", port)
    check_free("MLFLOW_PORT", port)


@pytest.mark.timeout(300)
def test_all_of_it_starts_and_ctrl_c_ends_all_of_it(tmp_path: Path) -> None:
    for name in ("flows", "exectune", "prefect.yaml"):
        (tmp_path / name).symlink_to(ROOT / name)
    ports = {"PREFECT_SERVER_API_PORT": free_port(), "MLFLOW_PORT": free_port()}
    environment = (
        environment_without("PREFECT_", "MLFLOW_") | ports | {"PREFECT_HOME": str(tmp_path / "prefect")}
    )
    with (tmp_path / "ui.log").open("wb") as log:
        ui = subprocess.Popen(
            [sys.executable, "-m", "flows.ui"], cwd=tmp_path, env=environment, stdout=log, stderr=log
        )
    try:
        wait_for(lambda: "Ctrl-C ends" in said(tmp_path) or ui.poll() is not None, 200)
        assert ui.poll() is None, said(tmp_path)
        children = psutil.Process(ui.pid).children(recursive=True)
        assert len(children) >= 3
        assert all(f"http://127.0.0.1:{port}" in said(tmp_path) for port in ports.values())
    finally:
        ui.send_signal(signal.SIGINT)
        ui.wait(60)
    assert ui.returncode == 0
    assert "Traceback" not in said(tmp_path)
    wait_for(lambda: not any(child.is_running() and child.status() != "zombie" for child in children), 10)


def said(folder: Path) -> str:
    return (folder / "ui.log").read_text(encoding="utf-8")
