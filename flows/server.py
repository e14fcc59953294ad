"""Server: the Prefect server that flows report to.

    with server.reached():
        server.run(retrain, retries=2)

The one that `PREFECT_API_URL` or the Prefect profile names, or else a temporary one, as Prefect itself starts it,
except that it ends with this process, however that ends. Flow runs of processes that were killed are closed.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from os import environ, getpid
from pathlib import Path
from typing import Any, TypeVar, cast

import prefect
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.flow_engine import run_flow
from prefect.flows import Flow
from prefect.logging.handlers import APILogWorker
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Crashed

from exectune import process
from exectune.errors import UserError
from flows.workspace import OWNER

R = TypeVar("R")
GOING_ON = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
STARTED_WITHIN_S = 120
DRAINED_WITHIN_S = 5
MOST = 200  # flow runs that a server lists at once


class ServerUnreachable(UserError):
    """No Prefect server answers."""


@contextmanager
def reached() -> Iterator[None]:
    """Inside, flows have a server.

    Raises:
        ServerUnreachable: the one that is set does not answer.
    """
    if url := PREFECT_API_URL.value():
        with get_client(sync_client=True) as client:
            if client.api_healthcheck():
                raise ServerUnreachable(
                    f"no Prefect server answers at {url}: start it (`make ui`), or unset PREFECT_API_URL "
                    f"(`prefect config unset PREFECT_API_URL`), and a temporary one is used"
                )
            close_dead_runs(client)
        yield
        return
    with _temporary() as url, temporary_settings({PREFECT_API_URL: url}):
        with get_client(sync_client=True) as client:
            close_dead_runs(client)
        yield


def run(flow: Flow[..., R], **parameters: Any) -> R:
    """Run a flow by hand. Its run says from the first moment which process it belongs to: `Flow.__call__` makes one
    that says nothing yet, and nobody could tell, after a kill at that moment, whether it is only about to start."""
    with get_client(sync_client=True) as client:
        made = client.create_flow_run(flow, parameters=parameters, context={OWNER: process.identity()})
    return cast(R, run_flow(flow, made, parameters))


def close_dead_runs(client: SyncPrefectClient, pool: str = "") -> None:
    """A flow run whose process was killed stays as it was for ever, and holds its place in the queue: it crashed.

    One that was killed before it said which process it is looks like one that is about to start. Where no worker of
    `pool` runs, those of the pool are closed too.
    """
    going_on = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=GOING_ON)))
    for run in client.read_flow_runs(flow_run_filter=going_on, sort=FlowRunSort.ID_DESC, limit=MOST):
        owner = run.labels.get(OWNER) or run.context.get(OWNER)
        dead = (
            not process.alive(owner) if isinstance(owner, str) else bool(pool) and run.work_pool_name == pool
        )
        if dead:
            client.set_flow_run_state(run.id, Crashed(message="Its process was killed."), force=True)


@contextmanager
def _temporary() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "--app-dir", str(Path(prefect.__file__).parent), "--factory"]
    command += ["prefect.server.api.server:create_app", "--host", "127.0.0.1", "--port", str(port)]
    settings = {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"}
    started = subprocess.Popen(
        [*command, "--log-level", "error", "--lifespan", "on"],
        env=environ | settings,
        preexec_fn=partial(process.end_with, getpid()),
    )
    try:
        url = f"http://127.0.0.1:{port}/api"
        wait_until_healthy(url, started)
        yield url
        APILogWorker.drain_all(timeout=DRAINED_WITHIN_S)  # the last lines of the log
    finally:
        started.terminate()
        started.wait()


def wait_until_healthy(url: str, started: subprocess.Popen[bytes]) -> None:
    """Wait for the API of a Prefect server that was started.

    Raises:
        ServerUnreachable: it ended, or does not answer in time.
    """
    end = time.monotonic() + STARTED_WITHIN_S
    with temporary_settings({PREFECT_API_URL: url}), get_client(sync_client=True) as client:
        while client.api_healthcheck():
            if started.poll() is not None or time.monotonic() > end:
                raise ServerUnreachable(f"the Prefect server at {url} did not start: its own lines say why")
            time.sleep(0.2)
