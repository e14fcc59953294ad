import sqlite3
import time
from pathlib import Path

import pytest

from exectune.calls import IN_A_ROW, Throttle
from exectune.errors import CallsFailed
from exectune.ledger import Ledger
from tests.exectune.endpoints import PRICES, SAMPLING, Answering, paid


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.open(tmp_path / "ledger.sqlite", stage="accept", run_id="run", prices=PRICES)


def attempts(tmp_path: Path) -> list[tuple[str, str]]:
    with sqlite3.connect(tmp_path / "ledger.sqlite") as connection:
        found = connection.execute("SELECT id, result FROM attempts ORDER BY rowid").fetchall()
    connection.close()
    return found


def test_calls_are_in_flight_together_and_come_back_in_order(ledger: Ledger) -> None:
    endpoint = Answering(delay=0.02)
    prompts = [f"p{i}" for i in range(100)]
    answers = ledger.complete(paid(endpoint, concurrency=8), prompts, SAMPLING, role="core")
    assert [answer.reply.text for answer in answers] == [prompt.upper() for prompt in prompts]
    assert endpoint.most_in_flight == 8
    assert endpoint.sent != []


@pytest.mark.parametrize("fault", ["429", "503", "drop_after", "html"])
def test_a_failed_attempt_is_repeated_and_every_attempt_is_journalled(
    ledger: Ledger, tmp_path: Path, fault: str
) -> None:
    endpoint = Answering(faults={"a": [fault, fault]})
    (answer,) = ledger.complete(paid(endpoint), ["a"], SAMPLING, role="core")
    assert (answer.reply.text, answer.error) == ("A", "")
    journal = attempts(tmp_path)
    assert [id_ for id_, _ in journal] == endpoint.attempts
    assert len(set(endpoint.attempts)) == 3
    assert [result == "ok" for _, result in journal] == [False, False, True]


def test_unknown_spend_is_what_may_have_been_billed_without_a_reply(ledger: Ledger) -> None:
    endpoint = Answering(faults={"a": ["429", "drop_after", "503", "html"]})
    ledger.complete(paid(endpoint), ["a"], SAMPLING, role="core")
    (total,) = ledger.totals().to_dicts()
    assert total["usd"] == pytest.approx(35e-6)
    assert total["unknown_usd"] == pytest.approx(2 * ((64 + 1) + 16 * 5) / 1e6)


def test_what_the_provider_asks_for_is_waited(ledger: Ledger) -> None:
    endpoint = Answering(faults={"a": ["429_retry_after"]})
    ledger.complete(paid(endpoint), ["a"], SAMPLING, role="core")
    first, second = endpoint.times
    assert second - first >= 0.2


def test_a_call_that_never_succeeds_is_an_error_and_no_value(ledger: Ledger) -> None:
    endpoint = Answering(faults={"b": ["503"] * 9})
    prompts = ["a", "b", *(f"c{i}" for i in range(40))]
    answers = ledger.complete(paid(endpoint, attempts=3), prompts, SAMPLING, role="core")
    assert answers[1].error == "transient: 503 busy"
    assert answers[1].usd == 0
    assert not any(answer.error for answer in [answers[0], *answers[2:]])
    assert endpoint.sent.count("b") == 3
    assert ledger.totals()["failed"].sum() == 1
    endpoint.faults.clear()
    (again,) = ledger.complete(paid(endpoint), ["b"], SAMPLING, role="core")
    assert again.reply.text == "B", "a failure is not kept as an answer"


def test_a_refusal_is_not_repeated(ledger: Ledger) -> None:
    endpoint = Answering(faults={"a": ["refused"]})
    answers = ledger.complete(paid(endpoint), ["a", "b"], SAMPLING, role="core")
    assert answers[0].error.startswith("refused")
    assert endpoint.sent.count("a") == 1


def test_a_fatal_failure_stops_at_once_and_keeps_what_was_answered(ledger: Ledger) -> None:
    endpoint = Answering(delay=0.01, faults={"p3": ["403"]})
    prompts = [f"p{i}" for i in range(200)]
    with pytest.raises(CallsFailed, match="403 no access"):
        ledger.complete(paid(endpoint, concurrency=4), prompts, SAMPLING, role="core")
    assert len(endpoint.sent) < 20
    total = ledger.totals().to_dicts()[0]
    assert total["calls"] == len(endpoint.sent)
    assert total["usd"] == pytest.approx((len(endpoint.sent) - 1) * 35e-6)


def test_nothing_but_failures_stops_the_stage(ledger: Ledger) -> None:
    endpoint = Answering(always="503")
    with pytest.raises(CallsFailed, match=f"last {IN_A_ROW} calls all failed.*503 busy"):
        ledger.complete(
            paid(endpoint, attempts=1, concurrency=4), [f"{i}" for i in range(500)], SAMPLING, role="core"
        )
    assert len(endpoint.sent) < IN_A_ROW + 5


def test_too_many_failures_stop_the_stage_at_the_end(ledger: Ledger) -> None:
    endpoint = Answering(faults={f"p{i}": ["503"] for i in range(0, 40, 4)})
    with pytest.raises(CallsFailed, match=r"10 of 40 calls failed.*max_failed_share = 0\.05"):
        ledger.complete(paid(endpoint, attempts=1), [f"p{i}" for i in range(40)], SAMPLING, role="core")


def test_the_deadline_of_a_call_ends_its_attempts(ledger: Ledger) -> None:
    endpoint = Answering(always="429_retry_after")
    start = time.monotonic()
    (answer,) = ledger.complete(paid(endpoint, deadline_s=0.5, attempts=50), ["a"], SAMPLING, role="core")
    assert answer.error.startswith("throttled")
    assert time.monotonic() - start < 0.6
    assert len(endpoint.sent) == 3


def test_throttling_halves_what_may_be_in_flight_and_replies_win_it_back() -> None:
    throttle = Throttle(64)
    for _ in range(100):
        throttle.clean()
    assert throttle.allowed == 64
    for _ in range(50):  # one moment's throttling is one halving
        throttle.throttled()
    assert throttle.allowed == 32
    throttle.clean()
    assert throttle.allowed == 32, "it stays calm for a while"
    throttle._calm_until = 0.0
    throttle.clean()
    assert throttle.allowed == 33


def test_a_bug_in_an_endpoint_is_raised_and_not_scored(ledger: Ledger) -> None:
    class Wrong(Answering):
        def send(self, *arguments: object, **more: object) -> object:  # type: ignore[override]
            raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError, match="a bug"):
        ledger.complete(paid(Wrong()), ["a"], SAMPLING, role="core")
    assert ledger.totals()["unknown_usd"].sum() > 0
