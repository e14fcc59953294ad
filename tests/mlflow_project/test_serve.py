import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from exectune import tracking
from exectune.params import Params
from tests.exectune.registered import NAME, Measured, prepare, register, stored_weights

ROOT = Path(__file__).parents[2]
MODEL = """
import mlflow
from mlflow.pyfunc import PythonModel

class Policy(PythonModel):
    def load_context(self, context):
        with open(context.artifacts["adapter"] + "/adapter_model.safetensors") as file:
            self.adapter = file.read()

    def predict(self, context, model_input, params=None):
        return [self.adapter for _ in range(len(model_input))]

mlflow.models.set_model(Policy())
"""


@pytest.fixture
def folder(project: Path, settings: Params) -> Path:
    """Versions 1 and 2 that answer with their weights, and 3, which is damaged; champion is 1."""
    prepare(project)
    (project / "mlflow_project/guide_model.py").write_text(MODEL)
    for weights in (b"first", b"second", b"third"):
        register(settings, Measured(), weights)
    stored_weights(3).write_bytes(b"damaged")
    tracking.set_alias(NAME, "champion", 1)
    return project


def served(*arguments: str) -> "subprocess.Popen[str]":
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "mlflow_project.serve", "--every", "0.5", *arguments]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


class Server:
    """A server that is going on, and what it has printed."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process, self.lines = served("--port", str(self.port)), list[str]()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(line for line in self.process.stdout)

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + 240
        while not any(text in line for line in list(self.lines)):
            assert self.process.poll() is None, "".join(self.lines)
            assert time.monotonic() < deadline, "".join(self.lines)
            time.sleep(0.1)

    def answer(self) -> str:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/invocations",
            json.dumps({"inputs": ["q"]}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as reply:
            return str(json.load(reply)["predictions"][0])


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    made = Server()
    yield made
    made.process.kill()
    made.process.wait()


@pytest.mark.timeout(900)
def test_the_answer_follows_the_alias_and_no_request_is_refused(server: Server) -> None:
    server.wait_for(f"{NAME} version 1 at")
    assert server.answer() == "first"
    tracking.set_alias(NAME, "champion", 3)
    server.wait_for("version 3 is damaged")
    assert server.answer() == "first", "a damaged version changes nothing"
    tracking.set_alias(NAME, "champion", 2)
    answers = ["first"]
    while answers[-1] == "first":
        answers.append(server.answer())  # raises where one is refused
        time.sleep(0.05)
    assert set(answers) == {"first", "second"}
    server.wait_for(f"{NAME} version 2 at")
    children = psutil.Process(server.process.pid).children(recursive=True)
    assert children
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(60) == 0
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []


def test_an_alias_or_a_port_that_cannot_be_had_is_one_line(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        printed = served("--port", port).communicate(timeout=200)[0]
        assert printed == f"serve: 127.0.0.1:{port} cannot be listened at: Address already in use\n"
    process = served("--alias", "chmapion", "--port", "0")
    printed = process.communicate(timeout=200)[0]
    assert process.returncode == 1
    assert printed.startswith(
        f"serve: no version of {NAME} has the alias `chmapion`: champion, challenger and"
    )
    assert printed.count("\n") == 1
