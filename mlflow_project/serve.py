"""Serve the version that an alias names, and the next one when the alias moves.

    mlflow run mlflow_project --env-manager local -e serve -P port=5001

It runs `mlflow models serve` of the version, which by itself looks an alias up once, when it starts. Every few seconds
this process looks again. When the alias names another version, that one is started beside the first, and once it
listens all new connections go to it; the first answers what it has been asked, and ends. For that while both are in
memory. A version that is damaged or does not start, or a registry that cannot be reached, changes nothing: the one
that is served goes on, and the log says why.
"""

import argparse
import contextlib
import os
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from functools import partial

from exectune import params, process, registry, tracking
from exectune.errors import RegistryError, UserError
from exectune.tracking import Version

LOCAL = "127.0.0.1"
STARTED_WITHIN_S = 600
ENDED_WITHIN_S = 60


@dataclass(frozen=True)
class Server:
    """A running `mlflow models serve`."""

    version: Version
    port: int
    process: "subprocess.Popen[bytes]"


class Front(socketserver.ThreadingTCPServer):
    """Passes each connection on to the server of the day."""

    allow_reuse_address, daemon_threads = True, True
    port = 0  # that connections go to


class Relay(socketserver.BaseRequestHandler):
    """One connection, both ways."""

    server: Front

    def handle(self) -> None:
        with contextlib.suppress(OSError), socket.create_connection((LOCAL, self.server.port)) as behind:
            threading.Thread(target=_pass_on, args=(behind, self.request), daemon=True).start()
            _pass_on(self.request, behind)


def main(arguments: list[str] | None = None) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Raises:
        UserError: no version has the alias, the version is damaged, the port is taken, or the server ended.
    """
    parser = argparse.ArgumentParser(prog="python -m mlflow_project.serve", description="Serve the champion.")
    parser.add_argument("--alias", default="champion", help="of the version (default champion)")
    parser.add_argument("--host", default=LOCAL, help=f"to listen at (default {LOCAL})")
    parser.add_argument("--port", type=int, default=5001, help="to listen at (default 5001)")
    parser.add_argument("--every", type=float, default=5, help="seconds between two looks (default 5)")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    name = params.load().promote.model_name
    try:
        front = Front((options.host, options.port), Relay)
    except OSError as error:
        raise RegistryError(
            f"{options.host}:{options.port} cannot be listened at: {error.strerror}"
        ) from None
    with tracking.parent_run("serve"), front:
        serve(front, name, options.alias, options.every)


def serve(front: Front, name: str, alias: str, every_s: float) -> None:
    """Serve until an exception ends it."""
    server, refused = start(name, wanted(name, alias)), 0
    try:
        front.port = server.port
        threading.Thread(target=front.serve_forever, daemon=True).start()
        _tell(name, server, front)
        while True:
            time.sleep(every_s)
            if server.process.poll() is not None:
                raise RegistryError(f"the server of version {server.version.number} ended; its log is above")
            try:
                version = tracking.get_alias(name, alias)
                if version is None or version.number in (server.version.number, refused):
                    continue
                refused = version.number  # until it serves: it is tried once
                following = start(name, wanted(name, alias))
            except UserError as error:
                print(f"serve: {error}; version {server.version.number} goes on", flush=True)
                continue
            front.port, ended, server, refused = following.port, server, following, 0
            _tell(name, server, front)
            end(ended)
    finally:
        front.shutdown()
        end(server)


def wanted(name: str, alias: str) -> Version:
    """The version that the alias names, found whole.

    Raises:
        RegistryError: there is none, or it is damaged.
    """
    version = tracking.get_alias(name, alias)
    if version is None:
        raise RegistryError(
            f"no version of {name} has the alias `{alias}`: champion, challenger and previous are those that "
            f"`dvc repro`, `exectune promote` and `exectune rollback` set"
        )
    registry.check_adapter(name, version)
    return version


def start(name: str, version: Version) -> Server:
    """Start a server at a free port and wait until it listens.

    Raises:
        RegistryError: it does not.
    """
    # MLflow looks for uvicorn in PATH.
    environment = os.environ | {"PATH": process.path(), "MLFLOW_TRACKING_URI": tracking.uri()}
    with socket.socket() as probe:
        probe.bind((LOCAL, 0))
        port = probe.getsockname()[1]
    what = ["-m", f"models:/{name}/{version.number}", "--env-manager", "local"]
    where = ["--host", LOCAL, "--port", str(port)]
    child = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "models", "serve", *what, *where],
        env=environment,
        start_new_session=True,  # ended as a whole
        preexec_fn=partial(process.end_with, os.getpid()),
    )
    server, deadline = Server(version, port, child), time.monotonic() + STARTED_WITHIN_S
    try:
        while not _listening(port):
            if child.poll() is not None or time.monotonic() > deadline:
                raise RegistryError(
                    f"{name} version {version.number} could not be served; its server's log is above"
                )
            time.sleep(0.2)
    except BaseException:
        end(server)
        raise
    return server


def end(server: Server) -> None:
    """End a server, which first answers what it has been asked."""
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.process.pid, signal_number)
        deadline = time.monotonic() + ENDED_WITHIN_S
        while server.process.poll() is None or _listening(server.port):
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)
        else:
            return


def _tell(name: str, server: Server, front: Front) -> None:
    host, port = front.server_address[:2]
    print(f"serve: {name} version {server.version.number} at http://{host!s}:{port}/invocations", flush=True)


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def _listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOCAL, port)) == 0


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"serve: {error}")
    except KeyboardInterrupt:
        sys.exit(0)
