"""UI: Prefect's server, MLflow's server and a worker, in one terminal; Ctrl-C ends all of them.

    python -m flows.ui      (or: make ui)

It deploys prefect.yaml, and says where to look. Ports: `PREFECT_SERVER_API_PORT` (4200) and `MLFLOW_PORT` (5000). What
the servers say goes to .exectune/logs/; what the worker and its flows say, to the terminal.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault(
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false"
)  # ten processes for jobs that nobody starts here

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL, temporary_settings

from exectune import tracking
from exectune.errors import UserError
from exectune.process import end_with, path
from flows import server
from flows.workspace import locked

POOL = "exectune"
LOCK = Path(".exectune/ui.lock")
LOGS = Path(".exectune/logs")
STOPS_WITHIN_S = 10
LOOK_EVERY_S = 0.5


class ServiceError(UserError):
    """A server, the worker or the deployment did not start, or ended."""


def main() -> int:
    """Serve until Ctrl-C; the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        with locked(LOCK, "make ui"):
            serve(os.environ.get("PREFECT_SERVER_API_PORT", "4200"), os.environ.get("MLFLOW_PORT", "5000"))
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped", flush=True)
    return 0


def serve(prefect_port: str, mlflow_port: str) -> None:
    """Start all, and wait.

    Raises:
        ServiceError: one of them did not start, or ended.
    """
    here = f"http://127.0.0.1:{prefect_port}"
    remote = os.environ.get("MLFLOW_TRACKING_URI", "").startswith("http")
    os.environ |= {"PATH": path(), "MLFLOW_PORT": mlflow_port}
    LOGS.mkdir(parents=True, exist_ok=True)
    with ExitStack() as running, temporary_settings({PREFECT_API_URL: f"{here}/api"}):
        os.environ["PREFECT_API_URL"] = f"{here}/api"
        check_free("PREFECT_SERVER_API_PORT", prefect_port)
        prefect = ["prefect", "server", "start", "--host", "127.0.0.1", "--port", prefect_port]
        services = {"prefect": running.enter_context(service("prefect", prefect))}
        if not remote:
            check_free("MLFLOW_PORT", mlflow_port)
            tracking.make_ready()
            mlflow = [
                "mlflow",
                "server",
                "--workers",
                "1",
                "--port",
                mlflow_port,
                "--backend-store-uri",
                tracking.uri(),
            ]
            # Files stay where runs without this server put them, and are read from there.
            mlflow += ["--no-serve-artifacts", "--default-artifact-root", "./mlruns"]
            services["mlflow"] = running.enter_context(service("mlflow", mlflow))
        print("starting the servers; this takes some seconds", flush=True)
        server.wait_until_healthy(f"{here}/api", services["prefect"])
        with get_client(sync_client=True) as client:
            make_pool(client)
            server.close_dead_runs(client, pool=POOL)
        deploy()
        worker = ["prefect", "worker", "start", "--pool", POOL, "--name", socket.gethostname()]
        services["worker"] = running.enter_context(service("worker", worker, show=True))
        mlflow_page = os.environ["MLFLOW_TRACKING_URI"] if remote else f"http://127.0.0.1:{mlflow_port}"
        print(
            f"\nflows      {here}/deployments     start one, pause its schedule"
            f"\nruns       {here}/runs            what runs, and what it said"
            f"\nmodels     {mlflow_page}          figures of each run, registered guides"
            f"\n\nCtrl-C ends all of it, a flow run too; `python -m flows.retrain` goes on from there\n",
            flush=True,
        )
        while True:
            for name, process in services.items():
                if process.poll() is not None:
                    raise ServiceError(f"{name} ended (exit code {process.returncode}): {_last_words(name)}")
            time.sleep(LOOK_EVERY_S)


@contextmanager
def service(name: str, command: list[str], *, show: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    """A process with all that it starts, inside; it ends with this one, however that ends."""
    log = LOGS / f"{name}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            stdout=None if show else file,
            stderr=None if show else subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C comes to this process only, which ends the others in order
            preexec_fn=partial(end_with, os.getpid(), signal.SIGTERM),
        )
    try:
        yield process
    finally:
        end_group(process)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and what it started: asked first, then killed."""
    for number, seconds in ((signal.SIGTERM, STOPS_WITHIN_S), (signal.SIGKILL, None)):
        try:
            os.killpg(process.pid, number)
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:  # none of the group is left
            process.wait()
            return


def check_free(variable: str, port: str) -> None:
    """Raise a ServiceError where something listens already."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", int(port))) == 0:
            raise ServiceError(
                f"port {port} is in use, by another server perhaps: end that, or set {variable} to another port"
            )


def make_pool(client: SyncPrefectClient) -> None:
    """The work pool that prefect.yaml names, of processes on this machine; one that is there stays as it is."""
    try:
        client.read_work_pool(POOL)
    except ObjectNotFound:
        _prefect("work-pool", "create", POOL, "--type", "process")


def deploy() -> None:
    """Deploy prefect.yaml."""
    _prefect("--no-prompt", "deploy", "--all")


def _prefect(*arguments: str) -> None:
    command = [sys.executable, "-m", "prefect", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise ServiceError(f"prefect {' '.join(arguments)} failed:\n{done.stdout.strip()}")


def _last_words(name: str) -> str:
    lines = (LOGS / f"{name}.log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return "\n".join(lines[-10:]) or "its lines are above"


if __name__ == "__main__":
    sys.exit(main())
