import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.runtime import flow_run
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Running

from exectune import process
from flows import server, workspace
from tests.flows.waiting import is_running, wait_for
from tests.running import environment_without

ROOT = Path(__file__).parents[2]


@flow
def attached() -> str:
    """A flow run that says which process it is; its id."""
    workspace.attach()
    return str(flow_run.id)


def test_a_flow_run_of_a_dead_process_is_closed_and_one_of_a_living_is_not(prefect_server: None) -> None:
    dead = subprocess.Popen(["sleep", "60"])
    owners = {"dead": process.identity(dead.pid), "alive": process.identity()}
    dead.kill()
    dead.wait()
    with get_client(sync_client=True) as client:
        runs = {name: UUID(attached()) for name in owners}
        for name, run in runs.items():
            client.update_flow_run_labels(run, {workspace.OWNER: owners[name]})
            client.set_flow_run_state(run, Running(), force=True)
        with server.reached():
            pass
        states = {name: client.read_flow_run(run).state_type for name, run in runs.items()}
        client.delete_flow_run(runs["alive"])
    assert states == {"dead": StateType.CRASHED, "alive": StateType.RUNNING}


def test_a_flow_says_which_process_runs_it(prefect_server: None) -> None:
    with get_client(sync_client=True) as client:
        assert client.read_flow_run(UUID(attached())).labels[workspace.OWNER] == process.identity()


@flow
def looked_at() -> dict[str, object]:
    """What can be told of this run before its first line has run."""
    with get_client(sync_client=True) as client:
        return client.read_flow_run(UUID(str(flow_run.id))).context


def test_a_flow_run_that_was_killed_before_it_said_anything_is_closed(prefect_server: None) -> None:
    assert server.run(looked_at) == {workspace.OWNER: process.identity()}
    dead = subprocess.Popen(["true"])
    owner = process.identity(dead.pid)
    dead.wait()
    with get_client(sync_client=True) as client:
        killed = client.create_flow_run(looked_at, context={workspace.OWNER: owner})
        others = client.create_flow_run(looked_at)  # of which nothing is known
        with server.reached():
            pass
        states = [client.read_flow_run(run.id).state_type for run in (killed, others)]
        client.delete_flow_run(others.id)
    assert states == [StateType.CRASHED, StateType.PENDING]


def test_a_server_that_does_not_answer_is_one_error() -> None:
    with (
        temporary_settings({PREFECT_API_URL: "http://127.0.0.1:1/api"}),
        pytest.raises(server.ServerUnreachable, match=r"http://127\.0\.0\.1:1/api: start it \(`make ui`\)"),
        server.reached(),
    ):
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux ends a child with its parent")
def test_the_temporary_server_ends_with_the_process_that_was_killed(tmp_path: Path) -> None:
    program = (
        "import pathlib, psutil, time\nfrom flows import server\n"
        "with server.reached():\n"
        "    pathlib.Path('pid').write_text(str(psutil.Process().children()[0].pid))\n    time.sleep(60)\n"
    )
    environment = environment_without("PREFECT_") | {"PYTHONPATH": str(ROOT), "PREFECT_HOME": str(tmp_path)}
    flow_process = subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path, env=environment)
    written = tmp_path / "pid"
    pid = int(wait_for(lambda: written.exists() and written.read_text(encoding="utf-8"), 120))
    assert is_running(pid)
    flow_process.kill()
    flow_process.wait()
    assert wait_for(lambda: not is_running(pid))
