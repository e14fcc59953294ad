"""Commands: what flows start, such as `dvc repro` or `exectune canary`. None outlives the flow that started it.

code = run([sys.executable, "-m", "dvc", "repro"], print, {"EXECTUNE_PARENT_RUN_ID": "4be1…"})
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def run(command: list[str], log: Callable[[str], object], environment: Mapping[str, str]) -> int:
    """Run a command in the working folder, to its end; the exit code.

    It has a process group of its own. The group is ended when this call is left by an exception, such as Ctrl-C or
    a cancelled flow run, and (on Linux) by the kernel when this process is killed.

    Args:
        command: its words.
        log: hears each line that it prints, to standard output or error; empty lines are left out.
        environment: variables besides those of this process.
    """
    # Commands name others, as dvc.yaml does with `python -m …`: this Python's folder comes first.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with subprocess.Popen(
        command,
        env={**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        preexec_fn=end_with_parent,
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if line.strip():
                    log(line.rstrip())
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)
            raise
    return process.returncode


def end_with_parent() -> None:
    """For `preexec_fn`: in a child, before its program starts. The kernel ends it when its parent ends."""
    if sys.platform == "linux":
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
