import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows.commands import reason, run
from tests.flows.waiting import is_running, wait_for

ROOT = Path(__file__).parents[2]
PYTHON = [sys.executable, "-c"]
WRITES_PID = "import os, pathlib, time; pathlib.Path('pid').write_text(str(os.getpid())); time.sleep(60)"


def test_lines_of_both_outputs_and_the_exit_code_come_back() -> None:
    program = "import sys; print('out'); print(); print('error', file=sys.stderr); sys.exit(3)"
    lines: list[str] = []
    assert run([*PYTHON, program], lines.append, {}) == 3
    assert lines == ["out", "error"]


def test_variables_are_added_and_this_environments_programs_come_first() -> None:
    lines: list[str] = []
    program = "import os, shutil; print(os.environ['ADDED']); print(shutil.which('dvc')); print('HOME' in os.environ)"
    assert run([*PYTHON, program], lines.append, {"ADDED": "yes"}) == 0
    assert lines == ["yes", str(Path(sys.executable).with_name("dvc")), "True"]


def test_an_exception_ends_the_command_and_what_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {WRITES_PID!r}])\n"
    program += "import pathlib, time\nwhile not pathlib.Path('pid').exists(): time.sleep(0.01)\n"
    program += "print('started', flush=True); time.sleep(60)"

    def stop(line: str) -> None:
        raise KeyboardInterrupt(line)

    monkeypatch.chdir(tmp_path)
    with pytest.raises(KeyboardInterrupt, match="started"):
        run([*PYTHON, program], stop, {})
    pid = int((tmp_path / "pid").read_text(encoding="utf-8"))
    assert wait_for(lambda: not is_running(pid))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux ends a child with its parent")
def test_the_command_ends_when_its_starter_is_killed(tmp_path: Path) -> None:
    program = f"import sys\nfrom flows.commands import run\nrun([sys.executable, '-c', {WRITES_PID!r}], print, {{}})"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    starter = subprocess.Popen([*PYTHON, program], cwd=tmp_path, env=environment)
    written = tmp_path / "pid"
    pid = int(wait_for(lambda: written.exists() and written.read_text(encoding="utf-8")))
    starter.kill()
    starter.wait()
    assert wait_for(lambda: not is_running(pid))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["accept: budget reached", "ERROR: failed to reproduce 'accept': failed to run: x, exited with 1"],
         "accept: budget reached"),
        (["ERROR: failed to reproduce 'a': '/o' is busy, it is being blocked by:", "  (PID 5): dvc repro", "If there"],
         "failed to reproduce 'a': '/o' is busy, it is being blocked by: (PID 5): dvc repro"),
        (["one", "no such version"], "no such version"),
        ([], "it said nothing"),
    ],
)  # fmt: skip
def test_the_reason_is_what_a_person_has_to_know(lines: list[str], expected: str) -> None:
    assert reason(lines) == expected
