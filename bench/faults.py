"""Faults: many calls, a share of which meets a fault of every kind, and whether the sums agree afterwards.

A real boto3 client, ledger and retries against the loopback server. Each call has to end answered or with a named
error, no answer may come from a fault, and what the ledger says was paid has to be what the server billed.

    python -m bench.faults --calls 10000 --share 0.3

Measured, two cores, one of them busy: 10,000 calls, 30 % faults: see bench/README.md.
"""

import argparse
import json
import sqlite3
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from exectune.calls import Limits, PaidModel
from exectune.cores.base import Sampling
from exectune.cores.bedrock import BedrockCore
from exectune.ledger import Billed, Ledger
from exectune.prices import Price
from tests.loopback.faults import PASSING, some
from tests.loopback.server import Loopback, Record

FILTERED = ("policy", "content_filter", "guardrail")
KINDS = (*PASSING, "quota", "not_ready", "408", "424", "list", "null", "drop_within", *FILTERED)
MODEL = "anthropic.claude-haiku-4-5-20251001-v1:0"
PRICE = Price(1.0, 5.0, cache_read=0.1, cache_write=1.25)
TIMEOUT_S = 2.0


@dataclass(frozen=True)
class Sums:
    """What became of the calls, and what was paid for them."""

    calls: int
    answered: int
    failed: dict[str, int]  # by the error's beginning
    wrong: int  # answers that are not what the server's model said: has to be 0
    requests: int
    faults: int
    billed_by_server: int  # replies that the server charged for
    charged: int  # replies that the ledger charged for
    lost: int  # billed, and never arrived whole: unknown spend
    not_covered: int  # billed, neither charged nor unknown: has to be 0
    usd_of_charged: float  # by the server's own count of tokens
    usd: float  # in the ledger
    usd_of_lost: float
    unknown_usd: float
    seconds: float


def measure(calls: int, share: float, folder: Path, *, seed: int = 0) -> Sums:
    """Make the calls; the ledger is left in the folder."""
    prompts = [f"Repeat the last line.\nnumber {number}" for number in range(calls)]
    limits = Limits(
        concurrency=64, attempts=8, timeout_s=TIMEOUT_S, max_failed_share=share, longest_wait_s=1.0
    )
    with Loopback(faults=some(share, KINDS, seed=seed), slow_s=TIMEOUT_S + 1, retry_after_s=0.2) as server:
        core = BedrockCore(MODEL, endpoint_url=server.url, timeout_s=TIMEOUT_S, max_connections=64)
        path = folder / "ledger.sqlite"
        with Ledger.open(path, stage="bench", run_id="bench", prices={"core": PRICE}) as ledger:
            started = time.perf_counter()
            answers = ledger.complete(
                PaidModel(core, limits), prompts, Sampling(16, stop=""), role="core", prefix="Be short."
            )
            seconds = time.perf_counter() - started
            totals = ledger.totals()
        time.sleep(TIMEOUT_S + 1)  # the slow replies are billed when they go out
        return _sums(prompts, answers, server.requests, path, float(totals["unknown_usd"].sum()), seconds)


def _sums(
    prompts: list[str],
    answers: list[Billed],
    requests: list[Record],
    path: Path,
    unknown_usd: float,
    seconds: float,
) -> Sums:
    attempts = dict(_rows(path, "SELECT id, result FROM attempts"))
    assert set(attempts) == {record.asked.attempt for record in requests}, "every request is journalled"
    billed = {record.asked.attempt: _usd(record) for record in requests if record.billed}
    charged = {attempt for attempt, result in attempts.items() if result == "ok"}
    (settled, usd), *_ = _rows(path, "SELECT count(*), sum(usd) FROM calls WHERE status = 'settled'")
    assert settled == len(charged), "a charge for each attempt that brought a reply"
    lost = billed.keys() - charged
    named = {attempt for attempt, result in attempts.items() if result not in (None, "ok")}
    failures = Counter(answer.failure.partition(" ")[0].rstrip(":") for answer in answers if answer.failure)
    return Sums(
        calls=len(prompts),
        answered=sum(not answer.failure for answer in answers),
        failed=dict(failures),
        wrong=sum(
            not answer.failure and answer.reply.text != prompt.splitlines()[-1]
            for prompt, answer in zip(prompts, answers, strict=True)
        ),
        requests=len(requests),
        faults=sum(record.fault is not None for record in requests),
        billed_by_server=len(billed),
        charged=len(charged),
        lost=len(lost),
        not_covered=len(lost - named),
        usd_of_charged=sum(billed[attempt] for attempt in charged),
        usd=usd,
        usd_of_lost=sum(billed[attempt] for attempt in lost),
        unknown_usd=unknown_usd,
        seconds=round(seconds, 1),
    )


def _usd(record: Record) -> float:
    usage = record.usage
    return PRICE.usd(usage.tokens_in, usage.tokens_out, usage.cache_read, usage.cache_write)


def _rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.faults", description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--share", type=float, default=0.3, help="of the requests that meet a fault")
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asdict(measure(flags.calls, flags.share, Path(folder))), indent=2))


if __name__ == "__main__":
    main()
