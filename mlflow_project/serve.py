"""Serve the version that an alias names, and the next one when the alias moves.

    mlflow run mlflow_project --env-manager local -e serve -P port=5001

It runs `mlflow models serve` of the version, which by itself looks an alias up once, when it starts. Every few seconds
this process looks again. When the alias names another version whose adapter is whole, the server is ended and started
anew with it: requests are refused for as long as that takes to load, some seconds. A version that is damaged, or a
registry that cannot be reached, changes nothing: the server goes on, and the log says why.
"""

import argparse
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from exectune import params, process, registry, tracking
from exectune.errors import RegistryError, UserError
from exectune.tracking import Version

STARTED_WITHIN_S = 300
ENDED_WITHIN_S = 30
LIBC = ctypes.CDLL(None)


def main(arguments: list[str] | None = None) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Raises:
        UserError: no version has the alias, the version is damaged, the port is taken, or the server ended.
    """
    parser = argparse.ArgumentParser(prog="python -m mlflow_project.serve", description="Serve the champion.")
    parser.add_argument("--alias", default="champion", help="of the version (default champion)")
    parser.add_argument("--host", default="127.0.0.1", help="to listen at (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=5001, help="to listen at (default 5001)")
    parser.add_argument(
        "--every", type=float, default=5, help="seconds between two looks at the alias (default 5)"
    )
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    name = params.load().promote.model_name
    with tracking.parent_run("serve"):
        serve(name, options.alias, options.host, options.port, options.every)


def serve(name: str, alias: str, host: str, port: int, every_s: float) -> None:
    """Serve until an exception ends it."""
    if _listening(host, port):
        raise RegistryError(f"port {port} of {host} is in use: name another with --port")
    version = wanted(name, alias)
    server, passed_over = start(name, version, host, port), ""
    try:
        while True:
            time.sleep(every_s)
            if server.poll() is not None:
                raise RegistryError(f"the server of {name} version {version.number} ended; its log is above")
            try:
                newest = wanted(name, alias)
            except UserError as error:
                if str(error) != passed_over:
                    print(f"serve: {error}; version {version.number} goes on", flush=True)
                passed_over = str(error)
                continue
            if newest.number != version.number:
                end(server, host, port)
                version, passed_over = newest, ""
                server = start(name, version, host, port)
    finally:
        end(server, host, port)


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


def start(name: str, version: Version, host: str, port: int) -> "subprocess.Popen[bytes]":
    """Start the server and wait until it listens."""
    binaries = Path(sys.executable).parent  # where MLflow looks for uvicorn
    environment = os.environ | {"PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}"}
    environment["MLFLOW_TRACKING_URI"] = tracking.uri()
    model, place = f"models:/{name}/{version.number}", ["--host", host, "--port", str(port)]
    server = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "models", "serve", "-m", model, "--env-manager", "local", *place],
        env=environment,
        start_new_session=True,  # ended as a whole
        preexec_fn=_end_with_parent,
    )
    deadline = time.monotonic() + STARTED_WITHIN_S
    while not _listening(host, port):
        if server.poll() is not None or time.monotonic() > deadline:
            end(server, host, port)
            raise RegistryError(
                f"{name} version {version.number} could not be served; the server's log is above"
            )
        time.sleep(0.2)
    print(f"serve: {name} version {version.number} at http://{host}:{port}/invocations", flush=True)
    return server


def end(server: "subprocess.Popen[bytes]", host: str, port: int) -> None:
    """End the server, which first answers what it has been asked, and wait until the port is free."""
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(server.pid, signal_number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + ENDED_WITHIN_S
        while server.poll() is None or _listening(host, port):
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)
        else:
            return


def _listening(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


def _end_with_parent() -> None:
    if sys.platform == "linux":
        LIBC.prctl(process.PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"serve: {error}")
    except KeyboardInterrupt:
        sys.exit(0)
