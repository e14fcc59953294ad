"""A process: who it is, whether it still lives, what it starts, and ending with the one that started it.

An identity is text, `host boot pid start`: a pid alone is given to another process after a while, and again
after the next boot.
"""

import ctypes
import os
import select
import signal
import socket
import sys
import threading
from pathlib import Path

import psutil

SHELLS = {"sh", "bash", "dash", "zsh", "ksh", "fish"}
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def identity(pid: int | None = None) -> str:
    """This process, or the living one of that pid."""
    process = psutil.Process(pid)
    return f"{socket.gethostname()} {_boot()} {process.pid} {process.create_time():.2f}"


def alive(identity: str) -> bool:
    """Whether that process still runs. One of another host cannot be looked at and counts as alive."""
    host, boot, pid, start = identity.split()
    if host != socket.gethostname():
        return True
    if boot != _boot():
        return False
    try:
        process = psutil.Process(int(pid))
        # The start is counted from the boot, whose time of day moves a little when the clock is set.
        return process.status() != psutil.STATUS_ZOMBIE and abs(process.create_time() - float(start)) < 1
    except psutil.NoSuchProcess:
        return False


def die_with_parent() -> None:
    """End this stage, by SIGKILL, when the `dvc` that runs it ends: an orphan would go on working and paying.

    DVC starts a stage as `$SHELL -c CMD`. bash replaces itself by a single command, so that the parent is dvc,
    and the kernel does it; where a shell stays in between, as dash does, a thread watches the shell's parent too.
    A stage started by hand is left to its shell. Linux only; elsewhere nothing happens.
    """
    if sys.platform != "linux" or "DVC_STAGE" not in os.environ:
        return
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if (
        os.getpgid(os.getppid()) != os.getpgrp()
    ):  # dvc ended before that call: its group stayed, its place did not
        os.kill(os.getpid(), signal.SIGKILL)
    try:
        parent = psutil.Process(os.getppid())
        if parent.name() in SHELLS:
            descriptor = os.pidfd_open(parent.ppid())
            threading.Thread(target=_die_after, args=(descriptor,), daemon=True).start()
    except (psutil.NoSuchProcess, ProcessLookupError):
        os.kill(os.getpid(), signal.SIGKILL)


def end_with(parent: int, number: int = signal.SIGKILL) -> None:
    """From now on the kernel sends this process a signal when its parent ends; for a child's `preexec_fn` too.

    Linux only; elsewhere nothing happens.
    """
    if sys.platform == "linux":
        LIBC.prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it ended before that call
            os.kill(os.getpid(), number)


def path() -> str:
    """`PATH` for commands that start others, as dvc.yaml does with `python -m …`: this Python's folder comes first."""
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def starter() -> str:
    """The `dvc` that runs this stage, the same for all stages of a `dvc repro`; empty for one started by hand."""
    if "DVC_STAGE" not in os.environ:
        return ""
    parent = psutil.Process(os.getppid())
    return identity(parent.ppid() if parent.name() in SHELLS else parent.pid)


def _die_after(descriptor: int) -> None:
    select.select([descriptor], [], [])  # readable once the process has ended
    os.kill(os.getpid(), signal.SIGKILL)


def _boot() -> str:
    return BOOT_ID.read_text().strip() if BOOT_ID.exists() else str(round(psutil.boot_time(), -1))
