"""Workspace: a flow has the working folder for itself, and no flow outlives what started it.

    with workspace.alone("retrain"):
        ...

The lock is a file that the kernel frees when its holder ends, however it ends.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.runtime import flow_run

from exectune import process
from exectune.errors import UserError

LOCK = Path(".exectune/flow.lock")
OWNER = "exectune.process"  # label of a flow run, or in its context: the process that runs it


class WorkspaceBusy(UserError):
    """Another flow works in this folder."""


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Attach the flow, and hold the workspace's lock; a second flow is refused.

    Raises:
        WorkspaceBusy: another flow works here.
    """
    attach()
    with locked(LOCK, name):
        yield


def attach() -> None:
    """Tie the flow run that is going on to its process, and this process to the worker that started it, if any."""
    if "PREFECT__FLOW_RUN_ID" in os.environ:  # a worker started this process for one flow run
        process.end_with(os.getppid())
    if flow_run.id:
        with get_client(sync_client=True) as client:
            client.update_flow_run_labels(UUID(flow_run.id), {OWNER: process.identity()})


@contextmanager
def locked(path: Path, name: str) -> Iterator[None]:
    """Hold a lock under a name, which a second one is told.

    Raises:
        WorkspaceBusy: it is held.
    """
    path.parent.mkdir(exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise WorkspaceBusy(
                f"{file.read() or 'another flow'} is at work in {Path.cwd()}: wait for its end, or stop it, then start "
                f"this again. Flow runs of deployments wait by themselves"
            ) from None
        file.truncate(0)
        file.write(f"{name} (process {os.getpid()})")
        file.flush()
        yield
