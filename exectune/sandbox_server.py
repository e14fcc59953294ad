"""The server inside the sandbox: forks a child a job, and kills and wipes everything after each. In, out: frames.

It is process 1 of its own process namespace, so that `kill(-1)` reaches whatever a job left behind. A frame is four
bytes of length, one of kind, and content:

    S  → a job to start, as JSON             D  ↔ bytes to the child, and from it, untouched
    X  → end the job                         E  ← the job has ended, all is clean again: why, as JSON

The server never parses what a child wrote. It cannot be traced or read by the child; where it runs as root, its
children do not. What a child could change of it (priority, limits, processors, System V memory) is compared after each
job: a server that was changed says so, and the caller starts another. Only the standard library is used.
"""

import ctypes
import gc
import importlib
import json
import os
import resource
import select
import shutil
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from exectune import sandbox_child

HEADER = struct.Struct("!IB")
START, DATA, STOP, END = b"S", b"D", b"X", b"E"
TICK_S = 0.01
PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 4, 36
# What tests and solutions commonly import, so that a child need not.
WARM = (
    *(
        "abc",
        "bisect",
        "collections",
        "copy",
        "dataclasses",
        "datetime",
        "decimal",
        "enum",
        "fractions",
        "functools",
    ),
    *(
        "hashlib",
        "heapq",
        "itertools",
        "math",
        "operator",
        "queue",
        "random",
        "re",
        "statistics",
        "string",
        "textwrap",
    ),
    *("time", "typing", "encodings.ascii"),
)


def serve(folder: Path, user: int) -> NoReturn:
    """Serve jobs until the caller goes away.

    Args:
        folder: the only place where a job can write.
        user: whom a job runs as, where this is root; another one in each sandbox: the kernel counts processes by user.
    """
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    os.environ.clear()
    for name in WARM:
        importlib.import_module(name)
    gc.disable()
    gc.freeze()
    before = _marks()
    _send(END, b"{}")
    while True:
        kind, content = _receive()
        if kind != START:
            continue  # it was meant for a job that has ended meanwhile
        end = _run(json.loads(content), folder, user)
        clean = _wipe(folder) and _marks() == before
        _send(END, json.dumps(end | {"clean": clean}).encode())
        if not clean:
            sys.exit()


def _run(job: dict[str, Any], folder: Path, user: int) -> dict[str, Any]:
    ours, theirs = socket.socketpair()
    try:
        pid = os.fork()
    except OSError:  # the host has no process left: the caller tries elsewhere
        sys.exit()
    if pid == 0:
        _child(job, theirs, folder, user)
    theirs.close()
    watched = os.pidfd_open(pid)
    try:
        why = _relay(ours, watched, job["limits"])
    except OSError:  # a job of the server's own user has taken its right to open or watch files
        why = "harm"
    finally:
        os.close(watched)
        ours.close()
    status = _kill_all(pid)
    if why == "exited" and os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        why = "cpu_time" if number in (signal.SIGXCPU,) else f"signal_{number}"
    return {"why": why}


def _relay(ours: socket.socket, watched: int, limits: dict[str, Any]) -> str:
    """Pass bytes on until the child ends, the caller ends it, or it goes beyond a limit; which of these."""
    deadline = time.monotonic() + limits["wall_s"]
    left = limits["output_bytes"]
    poll = select.poll()
    for place in (0, ours.fileno(), watched):
        poll.register(place, select.POLLIN)
    next_look = time.monotonic() + TICK_S
    while True:
        ready = {place for place, _ in poll.poll(1000 * TICK_S)}
        now = time.monotonic()
        if now > deadline:
            return "wall_clock"
        if now > next_look:
            next_look = now + TICK_S
            beyond = _beyond(limits)
            if beyond:
                return beyond
        if ours.fileno() in ready:
            data = ours.recv(65536)
            left -= len(data)
            if left < 0:
                return "output"
            if data:
                _send(DATA, data)
                continue
            poll.unregister(ours.fileno())  # it closed the socket: wait for its end
        if watched in ready:
            return "exited"
        if 0 in ready:
            kind, content = _receive()
            if kind == STOP:
                return "stopped"
            ours.settimeout(max(0.001, deadline - now))
            with suppress(OSError):  # it does not read, or has gone: the deadline or its end comes next
                ours.sendall(content)


def _beyond(limits: dict[str, Any]) -> str | None:
    """Which limit all processes of the job together exceed; only as process 1 one sees just these."""
    if os.getpid() != 1:
        return None
    processes, pages = 0, 0
    for name in os.listdir("/proc"):  # noqa: PTH208 (a hundred times a second)
        if name.isdigit() and name != "1":
            processes += 1
            with suppress(OSError), open(f"/proc/{name}/statm", encoding="ascii") as file:  # noqa: PTH123
                pages += int(file.read().split()[1])
    if processes > limits["processes"]:
        return "processes"
    return "memory" if pages * resource.getpagesize() > limits["memory_bytes"] else None


def _child(job: dict[str, Any], theirs: socket.socket, folder: Path, user: int) -> NoReturn:
    status = 1
    try:
        channel = socket.socket(fileno=os.dup2(theirs.detach(), 3))
        nothing = os.open("/dev/null", os.O_RDWR)
        for place in (0, 1, 2):
            os.dup2(nothing, place)
        os.closerange(4, 1024)
        os.setsid()
        os.chdir(folder)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        _limit(job["limits"])
        if os.getuid() == 0:
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
        gc.enable()
        sandbox_child.do(job, channel)
        status = 0
    finally:
        os._exit(status)


def _limit(limits: dict[str, Any]) -> None:
    with suppress(
        OSError
    ):  # by system calls: what Python does around them costs a forked process half a millisecond
        place = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
        os.write(place, b"1000")
        os.close(place)
    for kind, most in (
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_CPU, limits["cpu_s"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_NPROC, limits["processes"]),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        # the processor's soft limit ends in a signal of its own, by which the reason is known
        resource.setrlimit(kind, (most, most + 1 if kind == resource.RLIMIT_CPU else most))


def _kill_all(pid: int) -> int:
    """Kill every process but this one and wait for them; the status of `pid`."""
    status = 0
    while True:
        if os.getpid() == 1:
            with suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
        else:
            children = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
            for child in map(int, children.split()):
                os.kill(child, signal.SIGKILL)
        try:
            ended, found = os.waitpid(-1, 0)
        except ChildProcessError:
            return status
        if ended == pid:
            status = found


def _wipe(folder: Path) -> bool:
    """Empty the folder; whether that worked."""
    try:
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    except (OSError, RecursionError):
        return False
    return True


def _marks() -> tuple[object, ...]:
    """What a job of the same user could change and the next one would feel."""
    limits = [
        resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name.startswith("RLIMIT_")
    ]
    own = ("shm", "sem", "msg") if os.getpid() == 1 else ()
    return (
        *limits,
        os.getpriority(os.PRIO_PROCESS, 0),
        os.sched_getscheduler(0),
        os.sched_getaffinity(0),
        *(Path(f"/proc/sysvipc/{kind}").read_bytes() for kind in own),
    )


def _send(kind: bytes, content: bytes) -> None:
    frame = HEADER.pack(len(content), kind[0]) + content
    while frame:
        frame = frame[os.write(1, frame) :]


def _receive() -> tuple[bytes, bytes]:
    length, kind = HEADER.unpack(_read(HEADER.size))
    return bytes([kind]), _read(length)


def _read(size: int) -> bytes:
    parts = b""
    while len(parts) < size:
        part = os.read(0, size - len(parts))
        if not part:
            sys.exit()  # the caller has gone
        parts += part
    return parts


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
