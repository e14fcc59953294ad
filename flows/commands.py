"""Commands: what flows start, such as `dvc repro` or `exectune canary`. None outlives the flow that started it.

code = run([sys.executable, "-m", "dvc", "repro"], print, {"EXECTUNE_PARENT_RUN_ID": "4be1…"})
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from exectune import process

EXECTUNE = str(Path(sys.executable).with_name("exectune"))
DVC_SAYS = "ERROR: "


class CommandFailed(Exception):
    """A command ended with an error; `lines` are the last of what it printed."""

    def __init__(self, name: str, code: int, lines: list[str]):
        super().__init__(f"{name} failed (exit code {code}): {reason(lines)}")
        self.lines = lines


def reason(lines: list[str]) -> str:
    """Why a command failed: its last words; of dvc those of the stage, or its own where the stage did not run.

    accept: budget reached: of budgets.run_usd = 5 USD, 0.0100 are left …                        the stage's
    ERROR: failed to reproduce 'accept': failed to run: python -m stages.accept, exited with 1   dvc's
    """
    for number, line in enumerate(lines):
        if line.startswith(DVC_SAYS):
            if "exited with" in line and number:
                return lines[number - 1]
            following = lines[number + 1 : number + 2] if line.endswith(":") else []  # who holds a file
            return " ".join([line.removeprefix(DVC_SAYS), *(part.strip() for part in following)])
    return lines[-1] if lines else "it said nothing"


def run(command: list[str], log: Callable[[str], object], environment: Mapping[str, str]) -> int:
    """Run a command in the working folder, to its end; the exit code.

    It has a process group of its own. The group is ended when this call is left by an exception, such as Ctrl-C or
    a cancelled flow run, and (on Linux) by the kernel when this process is killed.

    Args:
        command: its words.
        log: hears each line that it prints, to standard output or error; empty lines are left out.
        environment: variables besides those of this process.
    """
    with subprocess.Popen(
        command,
        env={**os.environ, "PATH": process.path(), "PYTHONUNBUFFERED": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        preexec_fn=partial(process.end_with, os.getpid()),
    ) as started:
        assert started.stdout is not None
        try:
            for line in started.stdout:
                if line.strip():
                    log(line.rstrip())
        except BaseException:
            os.killpg(started.pid, signal.SIGTERM)
            raise
    return started.returncode


def checked(
    name: str, command: list[str], log: Callable[[str], object], *, allowed: tuple[int, ...] = (0,)
) -> tuple[int, list[str]]:
    """`run` a command; its exit code, and what it printed.

    Raises:
        CommandFailed: the exit code is none of those allowed.
    """
    lines: list[str] = []

    def hear(line: str) -> None:
        lines.append(line)
        log(line)

    code = run(command, hear, {})
    if code not in allowed:
        raise CommandFailed(name, code, lines)
    return code, lines
