import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from exectune.process import alive, identity

ROOT = Path(__file__).parents[2]
STAGE = """
import os, sys, time
from pathlib import Path
from exectune.process import die_with_parent
die_with_parent()
Path(sys.argv[1]).write_text(str(os.getpid()))
time.sleep(60)
"""
# As dvc starts a stage: through a shell, with DVC_STAGE set.
RUNNER = "import subprocess, sys; subprocess.run([sys.argv[1], '-c', sys.argv[2]])"


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def start_stage(
    folder: Path, shell: str, command: str, *, below_dvc: bool
) -> tuple[subprocess.Popen[bytes], int]:
    script, pid_file = folder / "stage.py", folder / "pid"
    script.write_text(STAGE)
    line = command.format(f"{sys.executable} {script} {pid_file}")
    environment = {key: value for key, value in os.environ.items() if key != "DVC_STAGE"}
    environment |= {"PYTHONPATH": str(ROOT)} | ({"DVC_STAGE": "accept"} if below_dvc else {})
    runner = subprocess.Popen([sys.executable, "-c", RUNNER, shell, line], env=environment)
    assert wait_for(lambda: pid_file.exists() and pid_file.read_text() != "")
    return runner, int(pid_file.read_text())


def kill(runner: subprocess.Popen[bytes]) -> None:
    runner.send_signal(signal.SIGKILL)
    runner.wait()


def test_this_process_is_alive_and_an_ended_one_is_not() -> None:
    assert alive(identity())
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    name = identity(child.pid)
    assert alive(name)
    child.kill()
    assert wait_for(lambda: not alive(name)), "a zombie counts as ended"
    child.wait()
    child.stdin.close()  # type: ignore[union-attr]
    assert not alive(name)


def test_a_pid_given_to_another_process_or_before_the_last_boot_is_not_alive() -> None:
    host, boot, pid, start = identity().split()
    assert not alive(f"{host} {boot} {pid} {float(start) - 60:.2f}")
    assert not alive(f"{host} an-earlier-boot {pid} {start}")


def test_a_process_of_another_host_counts_as_alive() -> None:
    assert alive("elsewhere 0 1 0")


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells a process of its parent's end")
@pytest.mark.parametrize("command", ["{}", "{}; true", "cd . && {} || false"])
@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
def test_a_stage_ends_with_the_dvc_that_started_it(tmp_path: Path, shell: str, command: str) -> None:
    runner, stage = start_stage(tmp_path, shell, command, below_dvc=True)
    assert not gone(stage)
    kill(runner)
    assert wait_for(lambda: gone(stage))


def test_a_stage_started_by_hand_is_left_alone(tmp_path: Path) -> None:
    runner, stage = start_stage(tmp_path, "/bin/sh", "{}", below_dvc=False)
    kill(runner)
    time.sleep(0.3)
    assert not gone(stage)
    os.kill(stage, signal.SIGKILL)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells a process of its parent's end")
def test_kill_9_of_a_real_dvc_repro_leaves_no_stage_behind(tmp_path: Path) -> None:
    (tmp_path / "stage.py").write_text(STAGE)
    stage_file = "stages: {accept: {cmd: '%s stage.py pid', outs: [out]}}" % sys.executable  # noqa: UP031
    (tmp_path / "dvc.yaml").write_text(stage_file)
    dvc = [sys.executable, "-m", "dvc"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "DVC_NO_ANALYTICS": "1", "DO_NOT_TRACK": "1"}
    subprocess.run([*dvc, "init", "--no-scm", "-q"], cwd=tmp_path, env=environment, check=True)
    runner = subprocess.Popen([*dvc, "repro", "-q"], cwd=tmp_path, env=environment)
    assert wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text() != "", 30)
    stage = int((tmp_path / "pid").read_text())
    kill(runner)
    assert wait_for(lambda: gone(stage))
