"""Sandbox: model-written code, contained. In: jobs. Out: lines of plain JSON, and why each job ended.

One warm server inside bubblewrap: no network, no home, no environment, a read-only system, a small /tmp, a process
namespace of its own. It forks a child a job, and kills and wipes everything after it (`sandbox_server.py`). Where this
process is root, the children are not. Nothing that a child says is believed: its lines are values to be compared here,
or to be handed to a test in another sandbox (`unit_tests.py`).

Without bubblewrap nothing runs, unless `sandbox.isolation` in params.yaml says that this container is one already. Then
files, network and memory are as open to the code as they are to this container's user.

The server ends with the thread that started it. One job at a time; a server that a job has harmed is replaced.
"""

import atexit
import json
import os
import random
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from exectune import sandbox_server
from exectune.errors import SandboxError, SandboxLost
from exectune.params import SandboxLimits
from exectune.sandbox_server import DATA, END, HEADER, START, STOP

INSTALL = "install bubblewrap 0.8 or newer (Debian, Ubuntu: apt-get install bubblewrap)"
UNSAFE = "none_this_container_is_the_sandbox"
GRACE_S = 5.0  # beyond a job's wall clock, until the server is given up
MIB = 2**20
USERS = range(
    61_184, 65_520
)  # nobody's: systemd too draws from these. Also there where a container maps few users
SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin")
# What the server keeps where it is root: to become nobody in its children, to kill them, to wipe what they left.
KEPT = ("CAP_SETUID", "CAP_SETGID", "CAP_KILL", "CAP_DAC_OVERRIDE")


@dataclass(frozen=True)
class Frame:
    """One message of the server."""

    kind: bytes
    content: bytes


class Job:
    """A job that runs: lines out of it and into it, until it ends; `ended` then says why."""

    def __init__(self, sandbox: "Sandbox", deadline: float) -> None:
        self._sandbox, self._deadline = sandbox, deadline
        self._pending = b""
        self.ended = ""

    def read(self) -> Any:
        """The next line's JSON, or None when there is none any more. What is no JSON is None too: it ends the job."""
        while b"\n" not in self._pending:
            if self.ended:
                return None
            frame = self._sandbox.receive(self._deadline)
            if frame.kind == END:
                self.ended = json.loads(frame.content)["why"]
            else:
                self._pending += frame.content
        line, self._pending = self._pending.split(b"\n", 1)
        try:
            return json.loads(line)
        except (ValueError, RecursionError):
            return None

    def write(self, line: Any) -> None:
        """Send a line to the job."""
        if not self.ended:
            self._sandbox.send(DATA, json.dumps(line).encode("ascii") + b"\n")

    def finish(self) -> None:
        """End the job, if it has not ended; all that it left is gone then."""
        if not self.ended:
            self._sandbox.send(STOP, b"")
        while not self.ended:
            frame = self._sandbox.receive(self._deadline)
            if frame.kind == END:
                self.ended = json.loads(frame.content)["why"]


class Sandbox:
    """One warm server; `with sandbox.job(…) as job` runs one job."""

    def __init__(self, limits: SandboxLimits, name: str = "sandbox") -> None:
        self.limits, self.name = limits, name
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self.started = 0  # how many servers there have been

    @contextmanager
    def job(self, content: dict[str, Any], *, wall_s: float | None = None) -> Iterator[Job]:
        """Start a job and, at the end of the block, end it.

        Raises:
            SandboxError: bubblewrap is missing, or the server does not start.
            SandboxLost: the server ended while the job ran; the next job gets another one.
        """
        wall_s = wall_s or self.limits.wall_s
        message = json.dumps(content | {"limits": _limits(self.limits, wall_s)}).encode("ascii")
        self._ensure()
        try:
            self.send(START, message)
        except _Gone:  # the server died while nothing ran: the thread that started it has ended
            self._stop()
            self._ensure()
            self.send(START, message)
        job = Job(self, time.monotonic() + wall_s + GRACE_S)
        try:
            yield job
            job.finish()
        except _Gone:
            raise SandboxLost("the sandbox ended while a job ran") from None
        finally:
            if not job.ended:
                self._stop()

    def close(self) -> None:
        """End the server and whatever runs in it."""
        self._stop()

    def send(self, kind: bytes, content: bytes) -> None:
        """Send a frame to the server."""
        assert self._server is not None
        assert self._server.stdin is not None
        try:
            self._server.stdin.write(HEADER.pack(len(content), kind[0]) + content)
            self._server.stdin.flush()
        except OSError:
            raise _Gone from None

    def receive(self, deadline: float) -> Frame:
        """The server's next frame."""
        length, kind = HEADER.unpack(self._read(HEADER.size, deadline))
        frame = Frame(bytes([kind]), self._read(length, deadline))
        if frame.kind == END and not json.loads(frame.content).get("clean", True):
            self._stop()
        return frame

    def _read(self, size: int, deadline: float) -> bytes:
        if self._server is None or self._server.stdout is None:
            raise _Gone
        place = self._server.stdout.fileno()
        data = b""
        while len(data) < size:
            ready, _, _ = select.select([place], [], [], max(0.0, deadline - time.monotonic()))
            part = os.read(place, size - len(data)) if ready else b""
            if not part:
                raise _Gone
            data += part
        return data

    def _ensure(self) -> None:
        if self._server is not None and self._server.poll() is None:
            return
        self._stop()
        self._folder = tempfile.TemporaryDirectory(prefix="exectune-")
        user = random.SystemRandom().choice(USERS)
        if self.limits.isolation == UNSAFE and os.getuid() == 0:
            os.chown(self._folder.name, user, user)
        command = _command(self.limits, self.name, Path(self._folder.name), user)
        self._server = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            env={"PYTHONHASHSEED": "0", "PYTHONPATH": str(_package().parent)}
            if self.limits.isolation == UNSAFE
            else {},
        )
        self.started += 1
        try:
            self.receive(time.monotonic() + 30)
        except _Gone:
            said = _last_words(self._server)
            self._stop()
            raise SandboxError(
                f"the sandbox does not start: {said or 'no reply within 30 s'}. Model-written code runs inside "
                f"bubblewrap only: {INSTALL}; where user namespaces are shut off, allow them "
                f"(sysctl kernel.unprivileged_userns_clone=1, or user.max_user_namespaces above 0; in Docker: "
                f"--security-opt seccomp=unconfined). In a container that is itself thrown away and holds nothing of "
                f"worth, `sandbox.isolation: {UNSAFE}` in params.yaml does without"
            ) from None

    def _stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.kill()
            for stream in (server.stdin, server.stdout, server.stderr):
                assert stream is not None
                with suppress(OSError):
                    stream.close()
            server.wait()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


@cache
def warm(limits: SandboxLimits, name: str) -> Sandbox:
    """This process's sandbox of that name: started when it is first used, and ended with the process."""
    sandbox = Sandbox(limits, name)
    atexit.register(sandbox.close)
    return sandbox


class _Gone(Exception):
    """The server has ended, or does not answer."""


def _limits(limits: SandboxLimits, wall_s: float) -> dict[str, Any]:
    return {
        "wall_s": wall_s,
        "cpu_s": max(1, round(wall_s)),
        "memory_bytes": limits.memory_mib * MIB,
        "file_bytes": limits.tmp_mib * MIB,
        "output_bytes": limits.output_kib * 1024,
        "processes": limits.processes,
    }


def _package() -> Path:
    return Path(sandbox_server.__file__).parent


def _command(limits: SandboxLimits, name: str, folder: Path, user: int) -> list[str]:
    prefix, python = Path(sys.base_prefix).resolve(), Path(os.path.realpath(sys.executable))
    run = [str(python), "-S", "-s", "-B", "-m", "exectune.sandbox_server"]
    if limits.isolation == UNSAFE:
        return [*run, str(folder), str(user)]
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise SandboxError(f"bwrap is missing, and model-written code runs inside it only: {INSTALL}")
    root = os.getuid() == 0
    if root:
        # A user namespace of one's own has only one user, and that would be root outside: so none, and children that
        # really are another.
        caps = [word for kept in KEPT for word in ("--cap-add", kept)]
        spaces = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
        spaces += ["--cap-drop", "ALL", *caps]
    else:
        spaces = ["--unshare-all", "--unshare-user", "--disable-userns"]
    system: list[str] = []
    for place in SYSTEM:
        path = Path(place)
        if path.is_symlink():
            system += ["--symlink", str(path.readlink()), place]
        elif path.is_dir():
            system += ["--ro-bind", place, place]
    if not prefix.is_relative_to("/usr"):
        parents = [word for parent in reversed(prefix.parents[:-1]) for word in ("--dir", str(parent))]
        system += [*parents, "--ro-bind", str(prefix), str(prefix)]
    files = ["--dir", "/server", "--dir", "/server/exectune"]
    for module in ("__init__", "values", "sandbox_child", "sandbox_server"):
        files += ["--ro-bind", str(_package() / f"{module}.py"), f"/server/exectune/{module}.py"]
    # fmt: off
    return [
        bwrap, *spaces, "--as-pid-1", "--die-with-parent", "--new-session", "--hostname", name, "--clearenv",
        "--setenv", "PYTHONHASHSEED", "0", "--setenv", "PYTHONPATH", "/server",
        *system, *files, "--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev",
        "--perms", "1777", "--size", str(limits.tmp_mib * MIB), "--tmpfs", "/tmp", "--chdir", "/tmp",
        "--remount-ro", "/", "--", *run, "/tmp", str(user),
    ]
    # fmt: on


def _last_words(server: subprocess.Popen[bytes]) -> str:
    assert server.stderr is not None
    server.kill()
    return server.stderr.read().decode(errors="replace").strip()[-300:]
