"""The server that other tests lean on does what it says."""

import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from exectune.cores.base import Sampling
from exectune.cores.openai_compatible import OpenAICore
from exectune.errors import CallError
from tests.loopback.faults import PASSING, some
from tests.loopback.server import Loopback, Written

SAMPLING = Sampling(max_new_tokens=16)


def ask(url: str, prompt: str, timeout_s: float = 5.0) -> tuple[str, int, int]:
    endpoint = OpenAICore("m", base_url=f"{url}/v1")
    reply = endpoint.send("", prompt, SAMPLING, attempt=prompt, timeout_s=timeout_s)
    return reply.text, reply.tokens_in, reply.tokens_out


def test_a_model_behind_it_gets_all_that_wait_at_once() -> None:
    sizes, busy, go = [], threading.Event(), threading.Event()

    def generate(asked: list[tuple[str, str]]) -> list[Written]:
        sizes.append(len(asked))
        busy.set()
        go.wait(5)
        return [Written(prompt.upper(), 7, 3) for _, prompt in asked]

    with Loopback(answer_batch=generate) as server, ThreadPoolExecutor(8) as pool:
        first = pool.submit(ask, server.url, "a")
        busy.wait(5)
        others = [pool.submit(ask, server.url, prompt) for prompt in "bcdefg"]
        while len(server.requests) < 7:
            time.sleep(0.001)
        go.set()
        answers = [future.result() for future in (first, *others)]
    assert answers == [(letter, 7, 3) for letter in "ABCDEFG"]
    assert sizes == [1, 6]


def test_a_model_that_fails_is_an_error_of_the_server() -> None:
    def generate(asked: list[tuple[str, str]]) -> list[str]:
        raise ZeroDivisionError("no model")

    with Loopback(answer_batch=generate) as server, pytest.raises(CallError, match=r"500.*no model"):
        ask(server.url, "a")


def test_what_was_billed_can_be_counted() -> None:
    faults = some(0.5, ["429", "drop_after", "html"], seed=1)
    with Loopback(faults=faults) as server:
        answered = sum(_answered(server.url, f"word {i}") for i in range(40))
        with urllib.request.urlopen(f"{server.url}/summary") as response:
            summary = json.load(response)
    met = Counter(filter(None, map(faults, range(40))))
    assert summary["faults"] == met
    assert all(met.values())
    assert summary["requests"] == 40
    assert summary["billed"] == answered + met["drop_after"]
    assert summary["tokens"]["tokens_out"] == 2 * summary["billed"]


def _answered(url: str, prompt: str) -> bool:
    try:
        ask(url, prompt)
    except CallError:
        return False
    return True


def test_faults_are_the_same_in_every_run_and_as_many_as_asked() -> None:
    drawn = [some(0.3)(number) for number in range(4000)]
    assert drawn == [some(0.3)(number) for number in range(4000)]
    assert 0.27 < sum(fault is not None for fault in drawn) / 4000 < 0.33
    assert set(drawn) == {None, *PASSING}


def test_it_runs_in_a_process_of_its_own_that_ends_with_its_stdin() -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.loopback", "--latency", "0.05"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=root) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert ask(process.stdout.readline().strip(), "one two")[0] == "one two"
        process.stdin.close()
        assert process.wait(5) == 0
