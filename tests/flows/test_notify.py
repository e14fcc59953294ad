import json
import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from prefect import flow

from flows.notify import notify, tell_failure


class Webhook(HTTPServer):
    """A server that keeps what it is sent, and answers with a status."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Keep)
        self.bodies: list[dict[str, Any]] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hooks/secret"


class Keep(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        self.server.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    with Webhook() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("EXECTUNE_WEBHOOK", server.url)
        yield server
        server.shutdown()


def test_a_message_arrives(webhook: Webhook) -> None:
    notify("promotion", "retrain", "version 3 of the guide is champion", run_name="owl", url="http://ui/owl")
    assert webhook.bodies == [
        {
            "event": "promotion",
            "flow": "retrain",
            "run": "owl",
            "url": "http://ui/owl",
            "text": "retrain: version 3 of the guide is champion",
        }
    ]


@pytest.mark.parametrize(
    ("error", "event"),
    [("no such model", "failure"), ("accept failed: budget reached: of budgets.run_usd = 1 USD", "budget")],
)
def test_a_failed_flow_is_told_with_its_reason(
    webhook: Webhook, prefect_server: None, error: str, event: str
) -> None:
    @flow(name="failing", on_failure=[tell_failure])
    def failing() -> None:
        raise RuntimeError(error)

    with pytest.raises(RuntimeError):
        failing()
    [body] = webhook.bodies
    assert (body["event"], body["flow"]) == (event, "failing")
    assert error in body["text"]
    assert body["run"]


@pytest.mark.parametrize("fault", ["refused", "no server", "no url"])
def test_a_message_that_cannot_be_delivered_fails_nothing_and_tells_no_secret(
    webhook: Webhook, fault: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    webhook.status = 500
    if fault != "refused":
        address = "http://127.0.0.1:1/hooks/secret" if fault == "no server" else "hooks/secret"
        monkeypatch.setenv("EXECTUNE_WEBHOOK", address)
    logger = logging.getLogger("prefect.flow_runs")
    logger.addHandler(caplog.handler)
    try:
        notify("failure", "retrain", "it failed")
    finally:
        logger.removeHandler(caplog.handler)
    assert "was not told of failure" in caplog.text
    assert "secret" not in caplog.text


def test_without_an_address_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXECTUNE_WEBHOOK", raising=False)
    notify("failure", "retrain", "it failed")
