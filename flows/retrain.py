"""Retrain: the whole pipeline as a Prefect flow, one task a stage, in one MLflow parent run.

    python -m flows.retrain [--retries N]

In: the working tree (params.yaml, data.dvc, dvc.yaml). Out: what `dvc repro` writes; the result table on the terminal;
as Prefect artifacts the table, the bill, links to the run and the report, and a bar for each long stage. What is up to
date is not run again; DVC decides. It needs no Prefect server: without one a temporary one runs along. `make ui` shows
its runs.
"""

import argparse
import contextlib
import json
import logging
import os
import signal
import sys
import time
from collections import deque
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

# Read by the packages when they are imported: no usage statistics, and log lines that fit a terminal.
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
os.environ.setdefault("PREFECT_LOGGING_FORMATTERS_STANDARD_FLOW_RUN_FMT", "%(asctime)s %(message)s")
os.environ.setdefault(
    "PREFECT_LOGGING_FORMATTERS_STANDARD_TASK_RUN_FMT", "%(asctime)s %(task_run_name)s: %(message)s"
)

import psutil
from prefect import Task, flow, get_run_logger, task
from prefect.artifacts import create_link_artifact, create_table_artifact
from prefect.client.schemas.objects import State, TaskRun
from pydantic import Field
from rich.console import Console
from rich.table import Table

from exectune import tracking
from exectune.errors import UserError
from flows import commands, dvc_files, server, workspace
from flows.notify import notify, tell_failure
from flows.results import bill_rows, comparison_lines, result_rows
from flows.shown_progress import ShownProgress

STAGES = ("prepare", "baseline", "teacher", "accept", "sft", "rl", "evaluate", "promote")
LOCAL = ("prepare", "sft")  # they use no network: another try would fail as well
REPORT = Path("artifacts/evaluate/report.html")
TITLE = "All arms on tasks that nothing was trained on"
RETRY_DELAY_S = 30
KEPT_LINES = 20  # of a failed stage's output
# What dvc says after each stage about git and remotes; once would do, and a user of this command asked for neither.
ASIDES = (
    "Updating lock file",
    "To track the changes",
    "\tgit add",
    "\tdvc config core.autostage",
    "To enable auto staging",
    "Use `dvc push`",
)


@task
def reproduce(target: str, parent_run_id: str) -> None:
    """Bring one stage, or data.dvc, up to date; its output goes to the task's log line by line.

    Raises:
        CommandFailed: dvc, or the stage's script, ended with an error.
    """
    logger = get_run_logger()
    lines: deque[str] = deque(maxlen=KEPT_LINES)

    def log(line: str) -> None:
        if not line.startswith(ASIDES):
            lines.append(line)
            logger.info(line)
            progress.hear(line)

    progress = ShownProgress(target)
    dvc_files.mend(logger.warning)
    command = [sys.executable, "-m", "dvc", "repro", "--single-item", target]
    code = commands.run(command, log, {tracking.PARENT: parent_run_id})
    if code != 0:
        raise commands.CommandFailed(target, code, list(lines))


def may_help(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:  # noqa: ARG001
    """Whether another try may help: not where a budget is reached."""
    return "budget reached" not in (state.message or "")


@flow(name="retrain", on_failure=[tell_failure], on_crashed=[tell_failure])
def retrain(retries: Annotated[int, Field(ge=0, le=10)] = 0, reason: str = "") -> list[dict[str, str]]:
    """Bring the data and all stages up to date; return the result table, a row a split and arm.

    What is up to date is not run again. The new guide becomes champion if it passes the gate.

    Args:
        retries: How often a failed stage that uses the network is tried again: 0 on a laptop, a few where a paid core
            or a network may fail for a while. Calls that were answered are not paid again.
        reason: Why; it is kept as a tag of the MLflow run.
    """
    with workspace.alone("retrain"):
        _named("data", retries)("data.dvc", "")  # first: a run is tagged with the data's hash
        before = read_metrics("promote").get("version")
        with tracking.parent_run("retrain", reason) as run:
            try:
                for stage in STAGES:
                    _named(stage, retries)(stage, run.id)
            finally:
                show_run(run.id)
        metrics = read_metrics("evaluate")
        rows = result_rows(metrics)
        compared = "\n".join(f"- {line}" for line in comparison_lines(metrics))
        create_table_artifact(rows, key="result", description=f"{TITLE}.\n\n{compared}")
        promoted = read_metrics("promote")
        if promoted.get("promoted") and promoted["version"] != before:
            notify("promotion", "retrain", f"version {promoted['version']} of the guide is champion")
    return rows


def show_run(run_id: str) -> None:
    """What the run cost so far, and links to it and to its report, as artifacts."""
    stages = tracking.children(run_id)
    create_table_artifact(bill_rows(stages), key="bill", description="What this run's model calls cost")
    create_link_artifact(tracking.page(run_id), "the run in MLflow", key="mlflow-run")
    for stage in stages:
        if stage.name == "evaluate":
            page = tracking.page(stage.id, REPORT.name)
            create_link_artifact(page, "the report", key="report", description=str(REPORT.resolve()))


def read_metrics(stage: str) -> dict[str, Any]:
    """metrics/<stage>.json; empty where the stage has not run yet."""
    path = Path("metrics") / f"{stage}.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def main(arguments: list[str] | None = None) -> int:
    """Run the flow and print its result; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m flows.retrain", description="Run the whole pipeline.")
    parser.add_argument("--retries", type=int, default=0, help="tries after a stage's failure (default 0)")
    options = parser.parse_args(arguments)
    console, began = Console(), time.monotonic()
    signal.signal(signal.SIGINT, _stop)
    for name in ("prefect.task_runs", "prefect.flow_runs"):
        logging.getLogger(name).addFilter(_without_traceback)
    try:
        with server.reached():
            rows = server.run(retrain, retries=options.retries)
    except UserError as error:
        console.print(str(error), style="red", markup=False, highlight=False)
        return 1
    except commands.CommandFailed as failure:
        console.print(f"\n{failure}", style="bold red", markup=False, highlight=False)
        console.print("The last it said:")
        console.print("\n".join(failure.lines), markup=False, highlight=False)
        return 1
    _show(console, rows, time.monotonic() - began)
    return 0


def _show(console: Console, rows: list[dict[str, str]], seconds: float) -> None:
    table = Table(title=TITLE)
    for column in rows[0]:
        table.add_column(column, justify="left" if column in ("tasks", "arm") else "right")
    for row, following in pairwise([*rows, {}]):
        table.add_row(*row.values(), end_section=row["tasks"] != following.get("tasks"))
    console.print(table)
    for line in comparison_lines(read_metrics("evaluate")):
        console.print(line, highlight=False)
    console.print(
        f"\nreport    {REPORT.resolve()}\nruns      make ui\ntime      {seconds / 60:.1f} min",
        highlight=False,
        soft_wrap=True,
    )


def _named(name: str, retries: int) -> Task[[str, str], None]:
    return reproduce.with_options(
        name=name,
        task_run_name=name,
        retries=0 if name in LOCAL else retries,
        retry_delay_seconds=RETRY_DELAY_S,
        retry_condition_fn=may_help,
    )


def _without_traceback(record: logging.LogRecord) -> bool:
    """A failed stage has said what is wrong; where in Prefect that was noticed helps nobody."""
    if record.exc_info and isinstance(record.exc_info[1], commands.CommandFailed):
        record.exc_info = None
    return True


def _stop(signal_number: int, frame: object) -> None:  # noqa: ARG001
    """Ctrl-C: end at once. It reaches Prefect's temporary server too, which is then no longer there to be told, and
    Prefect would try for minutes. MLflow's open run is closed at the next start."""
    print("\nstopped; the same command goes on from here", flush=True)
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            child.terminate()
    os._exit(130)


if __name__ == "__main__":
    sys.exit(main())
