"""`dvc push` and `dvc pull` through S3, as two people would: a server process on loopback, two clones."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import BotoCoreError

from exectune import process
from tests.running import printed

PIPELINE = """
stages:
  count:
    cmd: mkdir out && cat data/a data/a data/a > out/n
    deps: [data]
    outs: [out]
"""


@pytest.fixture
def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an S3 server, with a bucket called `bucket`; where every AWS tool looks for it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    for name, value in {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        client, deadline = boto3.client("s3"), time.monotonic() + 60
        while True:
            try:
                client.create_bucket(Bucket="bucket")
                break
            except BotoCoreError:
                assert server.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(10)


def run(folder: Path, *command: str) -> str:
    """What a command printed; dvc and git are those of the environment."""
    return printed(folder, *command, environment=os.environ | {"PATH": process.path()})


def commit(folder: Path) -> None:
    author = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    run(folder, "git", "add", "-A")
    run(folder, "git", *author, "commit", "-q", "-m", "all")


@pytest.mark.timeout(600)
def test_what_one_pushes_another_pulls_and_need_not_run(s3: str, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    boto3.client("s3").put_object(Bucket="bucket", Key="tasks/a", Body=b"task ")
    first.mkdir()
    run(first, "git", "init", "-q")
    run(first, "dvc", "init", "-q")
    run(first, "dvc", "config", "core.analytics", "false")
    run(first, "dvc", "import-url", "s3://bucket/tasks", "data")
    run(first, "dvc", "remote", "add", "--default", "store", "s3://bucket/store")
    (first / "dvc.yaml").write_text(PIPELINE)
    run(first, "dvc", "repro")
    commit(first)
    assert "files pushed" in run(first, "dvc", "push", "--run-cache")
    run(tmp_path, "git", "clone", "-q", str(first), str(second))
    run(second, "dvc", "pull")
    assert (second / "data/a").read_text() == "task "
    assert (second / "out/n").read_text() == "task task task "
    assert "up to date" in run(second, "dvc", "status")
    assert "Running stage" not in run(second, "dvc", "repro")
