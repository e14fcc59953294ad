import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows.workspace import WorkspaceBusy, locked
from tests.flows.waiting import wait_for

ROOT = Path(__file__).parents[2]


def test_a_second_one_is_told_who_works_here(tmp_path: Path) -> None:
    lock = tmp_path / "made" / "flow.lock"
    with (
        locked(lock, "retrain"),
        pytest.raises(WorkspaceBusy, match=rf"retrain \(process {os.getpid()}\) is at work in .*: wait"),
        locked(lock, "canary"),
    ):
        pass
    with locked(lock, "canary"):
        assert lock.read_text(encoding="utf-8").startswith("canary")


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    program = (
        "import pathlib, time\nfrom flows.workspace import locked\n"
        "with locked(pathlib.Path('lock'), 'retrain'):\n    time.sleep(60)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    holder = subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path, env=environment)
    lock = tmp_path / "lock"
    wait_for(lambda: lock.exists() and lock.read_text(encoding="utf-8"))
    with pytest.raises(WorkspaceBusy), locked(lock, "canary"):
        pass
    holder.kill()
    holder.wait()
    with locked(lock, "canary"):
        pass
