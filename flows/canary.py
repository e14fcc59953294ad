"""Canary: one night of the champion on its fixed tasks, and a retraining where the core has become worse.

    python -m flows.canary

In: the registry's champion. Out: an artifact with the figures of all nights; on an alarm the event `exectune.drift`
and, once a champion, a retraining: the core's old replies are forgotten, the stages that asked it run anew, and the
deployment `retrain/retrain` is started with the reason, or the flow itself where no server has the deployment.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.deployments import run_deployment
from prefect.events import emit_event
from prefect.exceptions import ObjectNotFound
from pydantic import Field

from exectune.errors import UserError
from flows import commands, dvc_files, server, workspace
from flows.notify import notify, tell_failure
from flows.retrain import retrain

RESULT = Path(".exectune/canary.json")
DRIFT = 3  # exit code of `exectune canary`
SHOWN = 30  # nights
RETRAIN = "retrain/retrain"
ANEW = ("baseline", "accept")  # stages whose results are replies of the core, and which others depend on


@flow(name="canary", on_failure=[tell_failure], on_crashed=[tell_failure])
def canary(tasks: Annotated[int, Field(ge=1)] | None = None, retrain_on_drift: bool = True) -> dict[str, Any]:
    """Ask the champion its fixed tasks once more; return the night's figures.

    Args:
        tasks: How many tasks; empty for canary.tasks of params.yaml.
        retrain_on_drift: Start a retraining on the night of the first alarm. It asks the core anew, and is paid for.
    """
    logger = get_run_logger()
    with workspace.alone("canary"):
        command = [commands.EXECTUNE, "canary", *(["--tasks", str(tasks)] if tasks else [])]
        code, _ = commands.checked("canary", command, logger.info, allowed=(0, DRIFT))
        night: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8"))
        create_markdown_artifact(page(night), key="canary", description="The champion on its fixed tasks")
        if code != DRIFT:
            return night
        tell(night)
        if not night["new"]:
            logger.info(f"a retraining was due on night {night['since']}: see what became of it")
        if not night["new"] or not retrain_on_drift:
            return night
        ask_anew(night["core"], logger.info)
    start_retraining(night["reason"], logger.info)
    return night


def tell(night: dict[str, Any]) -> None:
    """The alarm as Prefect's event `exectune.drift`, for automations, and to the webhook."""
    emit_event(
        "exectune.drift",
        resource={
            "prefect.resource.id": f"exectune.guide.{night['model']}.{night['version']}",
            "prefect.resource.name": f"{night['model']} version {night['version']}",
        },
        payload={name: night[name] for name in ("reason", "core", "night", "since", "new", "figures")},
    )
    notify("drift", "canary", night["reason"])


def ask_anew(core: str, log: Callable[[str], object]) -> None:
    """Forget what the core said before, and run anew the stages that are its replies; the rest is then out of date."""
    commands.checked("forget", [commands.EXECTUNE, "forget", core], log)
    dvc_files.mend(log)
    repro = [sys.executable, "-m", "dvc", "repro", "--force", "--single-item", *ANEW]
    commands.checked("dvc repro", repro, log)


def start_retraining(reason: str, log: Callable[[str], object]) -> None:
    """The deployment, which waits until this flow is done; or the flow here and now, where there is none."""
    try:
        run = run_deployment(RETRAIN, parameters={"reason": reason}, timeout=0, as_subflow=False)
        log(f"{RETRAIN} is scheduled as {getattr(run, 'name', '')}: {reason}")
    except ObjectNotFound:
        log(f"retraining: {reason}")
        retrain(reason=reason)


def page(night: dict[str, Any]) -> str:
    """The night as Markdown: the verdict, the figures, and the nights before."""
    about = (
        f"Core `{night['core']}`, {night['tasks']} tasks, {night['failed']} of them without a reply, "
        f"{night['usd_paid']:.4f} USD paid. Evidence of {night['limit']:g} is an alarm."
    )
    verdict = f"**Alarm since night {night['since']}**: {night['reason']}." if night["drift"] else "No alarm."
    lines = [
        f"# {night['model']} version {night['version']}, night {night['night']}",
        verdict,
        "",
        about,
        "",
        "| figure | tonight | at promotion | evidence of a change |",
        "|---|---|---|---|",
        *(
            f"| {figure['name']} | {_value(figure['name'], figure['tonight'])} | "
            f"{_value(figure['name'], figure['promotion'])} | {figure['evidence']:.3g} |"
            for figure in night["figures"]
        ),
        f"| latency | {night['latency_s']:.2f} s | {night['latency_promotion_s']:.2f} s | |",
        "",
        "| night | when | executability | accuracy | USD a task | latency | evidence |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {row['night']} | {row['at']} | {row['executability']:.1%} | {row['accuracy']:.1%} | {row['usd']:.6f} | "
            f"{row['latency_s']:.2f} s | {row['evidence']:.3g} |"
            for row in reversed([night["history"][0], *night["history"][1:][-SHOWN:]])
        ),
    ]
    return "\n".join(lines)


def _value(name: str, value: float) -> str:
    return f"{value:.6f} USD" if name == "usd" else f"{value:.1%}"


if __name__ == "__main__":
    try:
        with server.reached():
            server.run(canary)
    except (UserError, commands.CommandFailed) as error:
        sys.exit(str(error))
