"""Calls: requests a second over the ideal (calls in flight ÷ latency), with ledger, budget and retries, and without.

The loopback server, a process of its own, answers after 200 ms; 64 calls are in flight. Each way of calling makes the
same number of calls, one way after the other, several rounds; the median round counts. `bare` is the client alone in
64 threads, or 64 tasks. The peers need an environment of their own:

    python -m venv /tmp/peers && /tmp/peers/bin/pip install inspect_ai litellm
    python -m bench.calls --peers /tmp/peers/bin/python
    python -m bench.calls --rows           # the ledger alone: rows a second from three processes
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

from exectune.budgets import Budgets
from exectune.calls import Limits, PaidModel
from exectune.cores.aws import connect
from exectune.cores.base import Endpoint, Exchange, Reply, Sampling, answer_in_batches
from exectune.cores.bedrock import BedrockCore
from exectune.cores.openai_compatible import OpenAICore
from exectune.ledger import Ledger
from exectune.prices import Price

ROOT = Path(__file__).parents[1]
IN_FLIGHT = 64
LATENCY_S = 0.2
IDEAL = IN_FLIGHT / LATENCY_S
MODEL = "anthropic.claude-haiku-4-5-20251001-v1:0"
PRICES = {"core": Price(1.0, 5.0)}
WRITER = """
import sys, time
from pathlib import Path
from bench.calls import write_rows
print(write_rows(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
"""


def prompts(calls: int) -> list[str]:
    return [f"Repeat the last line.\nnumber {number}" for number in range(calls)]


def bare_boto3(url: str, calls: int) -> None:
    client = connect(None, None, url, 60, IN_FLIGHT)

    def call(prompt: str) -> Any:
        messages = [{"role": "user", "content": [{"text": prompt}]}]
        return client.converse(modelId=MODEL, messages=messages, inferenceConfig={"maxTokens": 16})

    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        assert all("output" in answer for answer in pool.map(call, prompts(calls)))


def bare_openai(url: str, calls: int) -> None:
    from openai import AsyncOpenAI

    async def run() -> None:
        client, room = (
            AsyncOpenAI(api_key="none", base_url=f"{url}/v1", max_retries=0),
            asyncio.Semaphore(IN_FLIGHT),
        )

        async def call(prompt: str) -> Any:
            async with room:
                return await client.chat.completions.create(
                    model="model", messages=[{"role": "user", "content": prompt}], max_tokens=16
                )

        answers = await asyncio.gather(*(call(prompt) for prompt in prompts(calls)))
        assert all(answer.choices for answer in answers)

    asyncio.run(run())


def ours(endpoint: Callable[[str], Endpoint]) -> Callable[[str, int], None]:
    """Through the call layer, with a ledger on disk and budgets."""

    def run(url: str, calls: int) -> None:
        budgets = Budgets(run_usd=100.0, stage_usd=100.0, day_usd=100.0, run_tokens=10**9)
        model = PaidModel(endpoint(url), Limits(concurrency=IN_FLIGHT))
        with (
            tempfile.TemporaryDirectory() as folder,
            Ledger.open(
                Path(folder) / "ledger.sqlite", stage="bench", run_id="r", prices=PRICES, budgets=budgets
            ) as ledger,
        ):
            answers = ledger.complete(model, prompts(calls), Sampling(16, stop=""), role="core")
            assert not any(answer.failure for answer in answers)

    return run


def peer(python: str, name: str) -> Callable[[str, int], float]:
    """In its own environment; it measures itself, so that its imports do not count."""

    def run(url: str, calls: int) -> float:
        command = [python, str(ROOT / "bench" / "peers.py"), name, url, str(calls), str(IN_FLIGHT)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return float(done.stdout.splitlines()[-1])

    return run


def compare(calls: int, rounds: int, peers: str | None) -> None:
    """Print each way's requests a second, over the ideal and over its own bare client."""
    ways: dict[str, Callable[[str, int], float | None]] = {
        "boto3 bare": bare_boto3,
        "boto3 ours": ours(lambda url: BedrockCore(MODEL, endpoint_url=url, max_connections=IN_FLIGHT)),
        "openai bare": bare_openai,
        "openai ours": ours(lambda url: OpenAICore("model", base_url=f"{url}/v1")),
    }
    ways |= {name: peer(peers, name) for name in ("litellm", "inspect_ai")} if peers else {}
    took: dict[str, list[float]] = {name: [] for name in ways}
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.loopback", "--latency", str(LATENCY_S)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert server.stdin
    assert server.stdout
    url = server.stdout.readline().strip()
    for _ in range(rounds):
        for name, way in ways.items():
            started = time.perf_counter()
            own = way(url, calls)
            took[name].append(own or time.perf_counter() - started)
            print(f"{name:12} {calls / took[name][-1]:6.1f}/s", file=sys.stderr, flush=True)
    server.stdin.close()
    server.wait()
    share = {name: calls / median(seconds) / IDEAL for name, seconds in took.items()}
    for name, value in share.items():
        bare = share[f"{name.split()[0]} bare"] if " ours" in name else None
        print(f"{name:12} {value:.3f} of ideal" + (f", {value / bare:.3f} of bare" if bare else ""))


class Instant:
    """A model that answers at once, so that only the ledger is measured."""

    name, paid = "instant", False

    def answer(self, exchange: Exchange, sampling: Sampling) -> None:
        answer_in_batches(self.generate, exchange, sampling, batch=256)

    def generate(self, asked: Sequence[str], sampling: Sampling) -> list[Reply]:
        return [Reply("8 * 3", 10, 5, 0.01)] * len(asked)


def write_rows(path: Path, name: str, calls: int, start: float) -> float:
    """Reserve and settle that many calls from `start` on; when it ended."""
    asked = [f"{name} {prompt}" for prompt in prompts(calls)]
    with Ledger.open(path, stage="bench", run_id=name, prices=PRICES) as ledger:
        time.sleep(max(start - time.time(), 0))
        ledger.complete(Instant(), asked, Sampling(16), role="core")
    return time.time()


def rows(calls: int) -> None:
    """Print the rows a second that three processes write together."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        with Ledger.open(path, stage="bench", run_id="r", prices=PRICES):
            start = time.time() + 5
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER, str(path), f"writer {number}", str(calls), str(start)],
                stdout=subprocess.PIPE,
                text=True,
                cwd=ROOT,
            )
            for number in range(3)
        ]
        ended = [float(writer.communicate()[0]) for writer in writers]
    print(f"{3 * calls / (max(ended) - start):.0f} rows/s from 3 processes, each reserved and settled")


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.calls", description=__doc__)
    parser.add_argument("--calls", type=int, default=6400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", help="the Python of an environment that has inspect_ai and litellm")
    parser.add_argument("--rows", action="store_true", help="measure the ledger alone")
    flags = parser.parse_args()
    if flags.rows:
        rows(20_000)
    else:
        compare(flags.calls, flags.rounds, flags.peers)


if __name__ == "__main__":
    main()
