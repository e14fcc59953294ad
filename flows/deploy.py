"""Deploy: what `prefect deploy` asks before it changes a deployment; prefect.yaml names it as a build step.

In: prefect.yaml and the server. Out: values for the `{{ before.… }}` in prefect.yaml. A schedule that someone paused
stays paused, which Prefect alone does not see to: it makes all schedules anew.
"""

from pathlib import Path
from typing import Any

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectNotFound
from pydantic import ValidationError
from ruamel.yaml import YAML

from exectune.errors import UserError

DEPLOYMENTS = Path("prefect.yaml")


class ScheduleError(UserError):
    """A schedule in prefect.yaml is none."""


def before(queue: str, pool: str) -> dict[str, Any]:
    """Look at prefect.yaml and at the server; see that the queue runs one flow at a time.

    Returns:
        `folder`: this one, where the flows run; and by the name of a deployment, whether its schedule is active.

    Raises:
        ScheduleError: a schedule does not parse; nothing is deployed then.
    """
    deployments = YAML(typ="safe", pure=True).load(DEPLOYMENTS)["deployments"]
    for deployment in deployments:
        for schedule in deployment.get("schedules") or []:
            check_cron(deployment["name"], schedule["cron"])
    with get_client(sync_client=True) as client:
        limit_queue(client, queue, pool)
        active = {one["name"]: is_active(client, f"{one['name']}/{one['name']}") for one in deployments}
    return {"folder": str(Path.cwd()), **active}


def check_cron(name: str, cron: str) -> None:
    """Raise a ScheduleError for an expression that does not parse."""
    try:
        CronSchedule(cron=cron)
    except ValidationError:
        raise ScheduleError(
            f"prefect.yaml, deployment {name}: {cron!r} is no cron expression. It has five fields (minute, hour, day "
            f'of month, month, day of week), such as "0 3 * * 1" for Mondays at 3:00'
        ) from None


def limit_queue(client: SyncPrefectClient, queue: str, pool: str) -> None:
    """Make the queue, if it is not there, for one flow run at a time: the others wait. A limit that is set stays."""
    try:
        client.read_work_queue_by_name(queue, work_pool_name=pool)
    except ObjectNotFound:
        client.create_work_queue(queue, concurrency_limit=1, work_pool_name=pool)


def is_active(client: SyncPrefectClient, deployment: str) -> bool:
    """Whether the schedule of a deployment is to fire: unless someone paused it."""
    try:
        found = client.read_deployment_by_name(deployment)
    except ObjectNotFound:
        return True
    return all(schedule.active for schedule in found.schedules)
