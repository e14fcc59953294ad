import shutil
import sys
from pathlib import Path

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.settings import PREFECT_API_URL

from flows.deploy import ScheduleError, check_cron, limit_queue
from flows.ui import POOL
from tests.running import printed

ROOT = Path(__file__).parents[2]
QUEUE = "training"


@pytest.fixture
def folder(tmp_path: Path, prefect_server: None) -> Path:
    """A working folder with the flows and prefect.yaml."""
    shutil.copytree(ROOT / "flows", tmp_path / "flows")
    shutil.copytree(ROOT / "exectune", tmp_path / "exectune")
    shutil.copy(ROOT / "prefect.yaml", tmp_path)
    prefect(tmp_path, "work-pool", "create", POOL, "--type", "process", "--overwrite")
    return tmp_path


def prefect(folder: Path, *arguments: str, fails: bool = False) -> str:
    """Run Prefect's command against the test's server; what it printed."""
    environment = {"PREFECT_API_URL": str(PREFECT_API_URL.value()), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "prefect", "--no-prompt", *arguments]
    return printed(folder, *command, environment=environment, fails=fails)


@pytest.mark.timeout(600)
def test_deployments_fire_one_at_a_time_and_a_paused_schedule_stays_paused(folder: Path) -> None:
    prefect(folder, "deploy", "--all")
    with get_client(sync_client=True) as client:
        retrain = client.read_deployment_by_name("retrain/retrain")
        canary = client.read_deployment_by_name("canary/canary")
        promote = client.read_deployment_by_name("promote/promote")
        assert retrain.pull_steps == [
            {"prefect.deployments.steps.set_working_directory": {"directory": str(folder)}}
        ]
        assert client.read_work_queue_by_name(QUEUE, work_pool_name=POOL).concurrency_limit == 1
        assert [one.work_queue_name for one in (retrain, canary, promote)] == [QUEUE, QUEUE, "default"]
        assert_fires(client, str(retrain.id))
        [weekly] = retrain.schedules
        assert weekly.active
        client.update_deployment_schedule(retrain.id, weekly.id, active=False)
        prefect(folder, "deploy", "--all")
        assert not client.read_deployment_by_name("retrain/retrain").schedules[0].active
        assert client.read_deployment_by_name("canary/canary").schedules[0].active


def assert_fires(client: SyncPrefectClient, deployment: str) -> None:
    """What the scheduler does for it."""
    client.request("POST", "/deployments/{id}/schedule", path_params={"id": deployment}, json={"min_runs": 2})
    runs = client.request(
        "POST", "/flow_runs/filter", json={"deployments": {"id": {"any_": [deployment]}}}
    ).json()
    assert len(runs) >= 2


def test_a_cron_that_does_not_parse_is_named_and_nothing_is_deployed(folder: Path) -> None:
    with get_client(sync_client=True) as client:
        before = client.request("POST", "/deployments/count").json()
    text = (folder / "prefect.yaml").read_text(encoding="utf-8").replace('"0 1 * * *"', '"every night"')
    (folder / "prefect.yaml").write_text(text.replace("name: promote", "name: another"), encoding="utf-8")
    printed = " ".join(prefect(folder, "deploy", "--all", fails=True).split())
    assert "deployment canary: 'every night' is no cron expression" in printed
    with get_client(sync_client=True) as client:
        assert client.request("POST", "/deployments/count").json() == before


@pytest.mark.parametrize("cron", ["", "every night", "* * * *", "0 25 * * *"])
def test_what_is_no_cron_is_refused(cron: str) -> None:
    with pytest.raises(ScheduleError, match="five fields"):
        check_cron("retrain", cron)


def test_a_limit_that_someone_set_stays(folder: Path) -> None:
    with get_client(sync_client=True) as client:
        limit_queue(client, QUEUE, POOL)
        queue = client.read_work_queue_by_name(QUEUE, work_pool_name=POOL)
        client.update_work_queue(queue.id, concurrency_limit=2)
        limit_queue(client, QUEUE, POOL)
        assert client.read_work_queue_by_name(QUEUE, work_pool_name=POOL).concurrency_limit == 2
