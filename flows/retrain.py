"""Retrain: the whole pipeline as a Prefect flow, one task a stage, in one MLflow parent run.

    python -m flows.retrain [--retries N]

In: the working tree (params.yaml, data.dvc, dvc.yaml). Out: what `dvc repro` writes, the result table on the terminal
and as a Prefect artifact. What is up to date is not run again; DVC decides. It needs no Prefect server: without one a
temporary one runs along, and `prefect server start` shows its runs afterwards.
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
from typing import Any

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
from prefect.artifacts import create_table_artifact
from rich.console import Console
from rich.table import Table

from exectune import tracking
from flows import commands

STAGES = ("prepare", "baseline", "teacher", "accept", "sft", "rl", "evaluate", "promote")
RETRY_DELAY_S = 30
KEPT_LINES = 20  # of a failed stage's output
SPLITS = {"test": "test", "held_out": "held-out"}
COMPARED = (("rl", "core"), ("rl", "sft"), ("sft", "sft_all"), ("sft", "untrained"))
# What dvc says after each stage about git and remotes; once would do, and a user of this command asked for neither.
ASIDES = (
    "Updating lock file",
    "To track the changes",
    "\tgit add",
    "\tdvc config core.autostage",
    "To enable auto staging",
    "Use `dvc push`",
)


class StageFailed(Exception):
    """`dvc repro` of a stage ended with an error; `lines` are the last of what it printed."""

    def __init__(self, stage: str, code: int, lines: list[str]):
        super().__init__(f"{stage} failed (exit code {code})")
        self.lines = lines


@task
def reproduce(target: str, parent_run_id: str) -> None:
    """Bring one stage, or data.dvc, up to date; its output goes to the task's log line by line.

    Raises:
        StageFailed: dvc, or the stage's script, ended with an error.
    """
    logger = get_run_logger()
    lines: deque[str] = deque(maxlen=KEPT_LINES)

    def log(line: str) -> None:
        if not line.startswith(ASIDES):
            lines.append(line)
            logger.info(line)

    command = [sys.executable, "-m", "dvc", "repro", "--single-item", target]
    code = commands.run(command, log, {tracking.PARENT: parent_run_id})
    if code != 0:
        raise StageFailed(target, code, list(lines))


@flow(name="retrain", log_prints=False)
def retrain(retries: int = 0) -> list[dict[str, str]]:
    """Run data and all stages in order; return the result table, a row a split and arm.

    `retries` is how often a failed stage is tried again: 0 on a laptop, a few where a paid core or a network may
    fail for a while. A retried stage is not charged again for calls that were answered: the ledger has them.
    """
    _named("data", retries)("data.dvc", "")  # first: a run is tagged with the data's hash
    with tracking.parent_run("retrain") as run:
        for stage in STAGES:
            _named(stage, retries)(stage, run.id)
    rows = result_rows(json.loads(Path("metrics/evaluate.json").read_text(encoding="utf-8")))
    create_table_artifact(rows, key="result", description="All arms on tasks that nothing was trained on")
    return rows


def result_rows(metrics: dict[str, Any]) -> list[dict[str, str]]:
    """metrics/evaluate.json → the table: a row a split and arm, with accuracy, executability, cost."""
    rows = []
    for split, title in SPLITS.items():
        for arm, splits in metrics["arms"].items():
            if split not in splits:  # own data may have no held-out families
                continue
            cell = splits[split]
            accuracy = cell["accuracy"]
            rows.append(
                {
                    "tasks": title,
                    "arm": arm,
                    "right": f"{accuracy['value']:.1%}",
                    "95 % interval": f"{accuracy['low']:.1%} to {accuracy['high']:.1%}",
                    "executed": f"{cell['executability']['value']:.1%}",
                    "USD/1,000": f"{1000 * cell['usd']['value']:.3f}",
                    "n": str(accuracy["n"]),
                }
            )
    return rows


def comparison_lines(metrics: dict[str, Any]) -> list[str]:
    """The paired differences in accuracy that the method claims, a sentence each."""
    return [
        f"{pair['arm']} against {pair['baseline']}, {SPLITS[pair['split']]}: {100 * pair['effect']:+.1f} points "
        f"({100 * pair['low']:+.1f} to {100 * pair['high']:+.1f}), p = {pair['p_holm']:.2g}, n = {pair['n']}"
        for pair in metrics["pairs"]
        if pair["metric"] == "accuracy" and (pair["arm"], pair["baseline"]) in COMPARED
    ]


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
        rows = retrain(retries=options.retries)
    except StageFailed as failure:
        console.print(f"\n[bold red]{failure}[/]; the last it said:")
        console.print("\n".join(failure.lines), markup=False, highlight=False)
        return 1
    _show(console, rows, time.monotonic() - began)
    return 0


def _show(console: Console, rows: list[dict[str, str]], seconds: float) -> None:
    table = Table(title="All arms on tasks that nothing was trained on")
    for column in rows[0]:
        table.add_column(column, justify="left" if column in ("tasks", "arm") else "right")
    for row, following in pairwise([*rows, {}]):
        table.add_row(*row.values(), end_section=row["tasks"] != following.get("tasks"))
    console.print(table)
    for line in comparison_lines(json.loads(Path("metrics/evaluate.json").read_text(encoding="utf-8"))):
        console.print(line, highlight=False)
    binaries = os.path.relpath(Path(sys.executable).parent)
    console.print(
        f"\nreport    {Path('artifacts/evaluate/report.html').resolve()}\n"
        f"runs      {binaries}/mlflow ui --backend-store-uri sqlite:///mlflow.db\n"
        f"flows     {binaries}/prefect server start\n"
        f"time      {seconds / 60:.1f} min",
        highlight=False,
        soft_wrap=True,
    )


def _named(name: str, retries: int) -> Task[[str, str], None]:
    return reproduce.with_options(
        name=name, task_run_name=name, retries=retries, retry_delay_seconds=RETRY_DELAY_S
    )


def _without_traceback(record: logging.LogRecord) -> bool:
    """A failed stage has said what is wrong; where in Prefect that was noticed helps nobody."""
    if record.exc_info and isinstance(record.exc_info[1], StageFailed):
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
