"""Notify: tells a webhook what a person should know. In: what happened. Out: one POST with a JSON body.

    {"event": "budget", "flow": "retrain", "run": "brave-owl", "url": "http://…", "text": "retrain: budget reached: …"}

`event` is `failure`, `budget`, `promotion` or `drift`. The address is in `EXECTUNE_WEBHOOK`, and is never
logged: it may hold a key. Without it nothing is sent. A message that cannot be delivered never fails a run.
"""

import json
import os
import urllib.request
from typing import Any

from prefect import runtime
from prefect.client.schemas.objects import FlowRun, State
from prefect.flows import Flow
from prefect.logging import get_logger
from prefect.settings import PREFECT_UI_URL

WEBHOOK = "EXECTUNE_WEBHOOK"
TIMEOUT_S = 10
LOGGER = get_logger("flow_runs")


def notify(event: str, flow: str, text: str, *, run_name: str = "", url: str = "") -> None:
    """Send a message, where a webhook is set."""
    webhook = os.environ.get(WEBHOOK)
    if not webhook:
        return
    run_name, url = run_name or runtime.flow_run.name or "", url or _page(str(runtime.flow_run.id or ""))
    body = {"event": event, "flow": flow, "run": run_name, "url": url, "text": f"{flow}: {text}"}
    try:
        request = urllib.request.Request(
            webhook, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_S):
            pass
    except (OSError, ValueError) as error:  # no such host, no answer, refused; no URL
        LOGGER.warning("the webhook was not told of %s: %s", event, type(error).__name__)


def tell_failure(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """For a flow's `on_failure` and `on_crashed`."""
    text = state.message or state.name or ""
    event = "budget" if "budget reached" in text else "failure"
    notify(event, flow.name, text, run_name=flow_run.name, url=_page(str(flow_run.id)))


def _page(run_id: str) -> str:
    """Where Prefect's UI shows a run; empty where there is no UI."""
    ui = PREFECT_UI_URL.value()
    return f"{ui}/runs/flow-run/{run_id}" if ui and run_id else ""
