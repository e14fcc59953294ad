import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from exectune.cores.base import Exchange, Reply, Sampling, answer_in_batches
from exectune.errors import LedgerError
from exectune.ledger import Ledger
from exectune.prices import Price
from tests.exectune.places import Place, engine_url

ROOT = Path(__file__).parents[2]
PRICES = {"core": Price(1.0, 5.0), "guide": Price(0.05, 0.1)}
SAMPLING = Sampling(max_new_tokens=16)

# Another process at work on the same 400 prompts; it notes each prompt it is asked, as the server would.
WORKER = """
import os, sys, time
from pathlib import Path
from exectune.cores.base import Reply, Sampling, answer_in_batches
from exectune.ledger import Ledger
from exectune.prices import Price

class Model:
    name, paid = "echo", False
    def answer(self, exchange, sampling):
        answer_in_batches(self.generate, exchange, sampling, batch=20)
    def generate(self, prompts, sampling):
        with open(sys.argv[2], "a") as asked:
            asked.write("".join(f"{prompt}\\n" for prompt in prompts))
        time.sleep(float(sys.argv[3]))
        return [Reply(prompt.upper(), 10, 5, 0.01) for prompt in prompts]

prices, prompts = {"core": Price(1.0, 5.0)}, [f"prompt {i}" for i in range(400)]
place = sys.argv[1] if "://" in sys.argv[1] else Path(sys.argv[1])
with Ledger.open(place, stage="accept", run_id=str(os.getpid()), prices=prices) as ledger:
    answers = ledger.complete(Model(), prompts, Sampling(16), role="core")
assert [a.reply.text for a in answers] == [f"PROMPT {i}" for i in range(400)]
"""


class Echo:
    """A model that answers in capitals and remembers what it was asked."""

    name, paid = "echo", False

    def __init__(self, batch: int = 256) -> None:
        self.batch = batch
        self.asked: list[str] = []
        self.batches: list[int] = []

    def answer(self, exchange: Exchange, sampling: Sampling) -> None:
        answer_in_batches(self.generate, exchange, sampling, batch=self.batch)

    def generate(self, prompts: Sequence[str], sampling: Sampling) -> list[Reply]:
        self.asked += prompts
        self.batches.append(len(prompts))
        return [Reply(prompt.upper(), 10, min(5, sampling.max_new_tokens), 0.25) for prompt in prompts]


class Broken(Echo):
    """A model that fails at its second batch."""

    def generate(self, prompts: Sequence[str], sampling: Sampling) -> list[Reply]:
        if self.batches:
            raise ConnectionError("gone")
        return super().generate(prompts, sampling)


def at(folder: Path) -> Path:
    """Where a ledger in a file is."""
    return folder / "sub" / "ledger.sqlite"


def opened(place: Place, stage: str = "accept", run_id: str = "run") -> Ledger:
    return Ledger.open(place, stage=stage, run_id=run_id, prices=PRICES)


def rows(place: Place, query: str) -> list[tuple[object, ...]]:
    engine = sa.create_engine(engine_url(place))
    with engine.begin() as connection:
        result = connection.exec_driver_sql(query)
        found = [tuple(row) for row in result] if result.returns_rows else []
    engine.dispose()
    return found


def worker(place: Place, folder: Path, delay: float) -> subprocess.Popen[bytes]:
    arguments = [str(place), str(folder / "asked"), str(delay)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", WORKER, *arguments], env=environment)


def test_replies_come_in_order_with_their_price(place: Place) -> None:
    with opened(place) as ledger:
        first, second = ledger.complete(Echo(), ["a", "b"], SAMPLING, role="core")
    assert (first.reply.text, second.reply.text) == ("A", "B")
    assert first.usd == first.paid_usd == pytest.approx((10 * 1.0 + 5 * 5.0) / 1e6)
    assert not first.cached


def test_an_answered_call_is_never_made_again_and_costs_nothing(place: Place) -> None:
    with opened(place) as ledger:
        bought = ledger.complete(Echo(), ["a", "b"], SAMPLING, role="core")
    again = Echo()
    with opened(place, run_id="second") as ledger:
        answers = ledger.complete(again, ["b", "c", "a"], SAMPLING, role="core")
        totals = ledger.totals(run_id="second").to_dicts()
    assert again.asked == ["c"]
    assert [answer.cached for answer in answers] == [True, False, True]
    assert answers[0].reply == bought[1].reply
    assert (answers[0].usd, answers[0].paid_usd) == (bought[1].usd, 0.0)
    assert totals == [
        {
            "stage": "accept",
            "role": "core",
            "model": "echo",
            "calls": 3,
            "cached": 2,
            "failed": 0,
            "tokens_in": 10,
        }
        | {"tokens_out": 5, "usd": pytest.approx(35e-6), "latency_s": 0.25, "unknown_usd": 0.0}
    ]


@pytest.mark.parametrize(
    ("sampling", "samples", "model"),
    [
        (Sampling(17), [0], "echo"),
        (Sampling(16, temperature=1.0), [0], "echo"),
        (Sampling(16, stop="\n\n"), [0], "echo"),
        (Sampling(16, seed=1), [0], "echo"),
        (SAMPLING, [1], "echo"),
        (SAMPLING, [0], "other"),
    ],
)
def test_another_sampling_sample_or_model_is_another_call(
    place: Place, sampling: Sampling, samples: list[int], model: str
) -> None:
    echo = Echo()
    with opened(place) as ledger:
        ledger.complete(echo, ["a"], SAMPLING, role="core")
        echo.name = model
        (answer,) = ledger.complete(echo, ["a"], sampling, role="core", samples=samples)
    assert not answer.cached
    assert echo.asked == ["a", "a"]


def test_equal_prompts_of_one_list_are_sent_once(place: Place) -> None:
    echo = Echo()
    with opened(place) as ledger:
        answers = ledger.complete(echo, ["a", "b", "a"], SAMPLING, role="core")
        draws = ledger.complete(echo, ["x", "x"], SAMPLING, role="core", samples=[0, 1])
    assert echo.asked == ["a", "b", "x", "x"]
    assert [answer.cached for answer in answers] == [False, False, True]
    assert [answer.cached for answer in draws] == [False, False]


def test_missing_calls_go_in_chunks_and_progress_adds_up(place: Place) -> None:
    echo = Echo(batch=4)
    heard: list[tuple[int, float]] = []
    prompts = [str(i) for i in range(10)] + ["0", "1"]
    with opened(place) as ledger:
        ledger.complete(echo, ["9"], SAMPLING, role="core")
        ledger.complete(echo, prompts, SAMPLING, role="core", on_news=lambda n, usd: heard.append((n, usd)))
    assert echo.batches == [1, 4, 4, 1]
    assert [n for n, _ in heard] == [1, 6, 4, 1]
    assert sum(usd for _, usd in heard) == pytest.approx(9 * 35e-6)


def test_no_prompts_no_calls(place: Place) -> None:
    with opened(place) as ledger:
        assert ledger.complete(Echo(), [], SAMPLING, role="core") == []
        assert ledger.record(role="core", model="echo", replies=[]) == []
        assert ledger.totals().is_empty()
        assert ledger.totals().schema["usd"] == pl.Float64


def test_a_role_without_a_price_is_refused_before_the_call(place: Place) -> None:
    echo = Echo()
    with opened(place) as ledger, pytest.raises(LedgerError, match=r"prices\.judge"):
        ledger.complete(echo, ["a"], SAMPLING, role="judge")
    assert echo.asked == []


def test_a_call_that_fails_is_unknown_spend_and_may_be_made_again(place: Place) -> None:
    prompts = [f"prompt {i}" for i in range(4)]
    with opened(place) as ledger:
        with pytest.raises(ConnectionError):
            ledger.complete(Broken(batch=2), prompts, SAMPLING, role="core")
        (total,) = ledger.totals().to_dicts()
        assert total["usd"] == pytest.approx(2 * 35e-6)
        assert total["unknown_usd"] == pytest.approx(2 * ((8 + 64) * 1.0 + 16 * 5.0) / 1e6)
        echo = Echo()
        ledger.complete(echo, prompts, SAMPLING, role="core")
    assert echo.asked == ["prompt 2", "prompt 3"]


def test_a_model_that_loses_a_reply_settles_nothing(place: Place) -> None:
    class Short(Echo):
        def generate(self, prompts: Sequence[str], sampling: Sampling) -> list[Reply]:
            return super().generate(prompts, sampling)[1:]

    with opened(place) as ledger:
        with pytest.raises(ValueError, match="shorter"):
            ledger.complete(Short(), ["a", "b"], SAMPLING, role="core")
        assert rows(place, "SELECT DISTINCT status FROM calls") == [("unknown",)]


def test_record_journals_calls_that_are_never_answered_from_the_ledger(place: Place) -> None:
    replies = [Reply("a", 100, 10, 0.1), Reply("a", 100, 10, 0.1)]
    with opened(place, stage="rl") as ledger:
        usd = ledger.record(role="guide", model="echo", replies=replies)
        (total,) = ledger.totals(stage="rl").to_dicts()
    assert usd == [pytest.approx(6e-6), pytest.approx(6e-6)]
    assert (total["calls"], total["cached"], total["tokens_in"]) == (2, 0, 200)


def test_a_slice_holds_the_rows_of_one_run_without_prompts(place: Place, tmp_path: Path) -> None:
    with opened(place, run_id="one") as ledger:
        ledger.complete(Echo(), ["a"], SAMPLING, role="core")
    with opened(place, run_id="two") as ledger:
        ledger.complete(Echo(), ["b", "c"], SAMPLING, role="core")
        ledger.slice(tmp_path / "two.parquet", run_id="two")
    frame = pl.read_parquet(tmp_path / "two.parquet")
    assert frame["reply"].to_list() == ["B", "C"]
    assert "prompt" not in frame.columns
    assert not (tmp_path / "two.parquet.tmp").exists()


def test_after_kill_9_no_answered_call_is_made_again(place: Place, tmp_path: Path) -> None:
    killed = worker(place, tmp_path, delay=0.02)
    asked = tmp_path / "asked"
    while not asked.exists() or len(asked.read_text().splitlines()) < 100:
        time.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    settled = {prompt for (prompt,) in rows(place, "SELECT prompt FROM calls WHERE status = 'settled'")}
    echo = Echo()
    with opened(place) as ledger:
        unknown = rows(place, "SELECT count(*), sum(unknown_usd) FROM calls WHERE status = 'unknown'")[0]
        assert unknown[0] in {0, 20}, "at most the one chunk in flight"
        assert sum(ledger.totals()["unknown_usd"]) == pytest.approx(unknown[1] or 0.0)
        answers = ledger.complete(echo, [f"prompt {i}" for i in range(400)], SAMPLING, role="core")
    assert len(settled) >= 80
    assert settled.isdisjoint(echo.asked)
    assert len(settled) + len(echo.asked) == 400
    assert [answer.reply.text for answer in answers] == [f"PROMPT {i}" for i in range(400)]
    assert rows(place, "SELECT count(*) FROM calls WHERE status = 'reserved'") == [(0,)]


def test_several_processes_on_the_same_prompts_ask_each_once(place: Place, tmp_path: Path) -> None:
    workers = [worker(place, tmp_path, delay=0.001) for _ in range(4)]
    assert [process.wait() for process in workers] == [0, 0, 0, 0]
    asked = (tmp_path / "asked").read_text().splitlines()
    assert sorted(asked) == sorted(f"prompt {i}" for i in range(400))
    twice = "SELECT key FROM calls WHERE status = 'settled' AND NOT cached GROUP BY key HAVING count(*) > 1"
    assert rows(place, twice) == []
    assert rows(place, "SELECT count(*), count(CASE WHEN cached THEN 1 END) FROM calls") == [(1600, 1200)]


def test_a_call_in_flight_elsewhere_is_waited_for(place: Place) -> None:
    class Slow(Echo):
        def generate(self, prompts: Sequence[str], sampling: Sampling) -> list[Reply]:
            begun.set()
            time.sleep(0.2)
            return super().generate(prompts, sampling)

    begun, slow, echo = threading.Event(), Slow(), Echo()
    with opened(place) as ledger, opened(place) as other:
        thread = threading.Thread(
            target=ledger.complete, args=(slow, ["a"], SAMPLING), kwargs={"role": "core"}
        )
        thread.start()
        begun.wait()
        (answer, _) = other.complete(echo, ["a", "b"], SAMPLING, role="core")
        thread.join()
    assert (slow.asked, echo.asked) == (["a"], ["b"])
    assert answer.cached


def test_a_key_cannot_be_claimed_by_two_rows(place: Path) -> None:
    with opened(place) as ledger:
        ledger.complete(Echo(), ["a"], SAMPLING, role="core")
    columns = "key, stage, run_id, role, model, paid, status, cached, usd, unknown_usd, process, created_at"
    with pytest.raises(sa.exc.IntegrityError, match=r"(?i)unique"):
        rows(place, f"INSERT INTO calls ({columns}) SELECT {columns} FROM calls")


def test_lookups_use_the_index(tmp_path: Path) -> None:
    with opened(at(tmp_path)):
        query = "SELECT id FROM calls WHERE status IN ('reserved', 'settled') AND NOT cached AND key IN ('a', 'b')"
        assert "calls_claim" in str(rows(at(tmp_path), f"EXPLAIN QUERY PLAN {query}"))


def test_many_rows_a_second(tmp_path: Path) -> None:
    prompts = [f"a prompt of some words, number {i}" for i in range(6000)]
    with opened(at(tmp_path)) as ledger:
        start = time.perf_counter()
        ledger.complete(Echo(), prompts, SAMPLING, role="core")
        rate = len(prompts) / (time.perf_counter() - start)
    assert rate > 3000, "about 17,000 on a quiet machine, reserved and settled"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"not a database at all, but long enough to look at" * 20, "damaged"),
        (None, "version 7"),
        (b"", None),
    ],
)
def test_a_file_that_is_no_ledger_is_refused(
    tmp_path: Path, content: bytes | None, expected: str | None
) -> None:
    path = tmp_path / "sub" / "ledger.sqlite"
    path.parent.mkdir()
    if content is None:
        with opened(at(tmp_path)):
            pass
        rows(at(tmp_path), "UPDATE ledger_version SET version = 7")
    else:
        path.write_bytes(content)
    if expected is None:  # an empty file is a new ledger
        with opened(at(tmp_path)) as ledger:
            assert ledger.totals().is_empty()
        return
    with pytest.raises(LedgerError, match=expected):
        opened(at(tmp_path))


def test_another_programs_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    rows(at(tmp_path), "CREATE TABLE theirs (x)")
    with pytest.raises(LedgerError, match="no ledger"):
        opened(at(tmp_path))
    assert rows(at(tmp_path), "SELECT name FROM sqlite_master") == [("theirs",)]


def test_a_torn_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "ledger.sqlite"
    with opened(at(tmp_path)) as ledger:
        ledger.complete(Echo(), [f"a longer prompt {i} " * 20 for i in range(500)], SAMPLING, role="core")
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(os.urandom(20_000))
    with pytest.raises(LedgerError, match="damaged"):
        opened(at(tmp_path))


def test_a_path_that_cannot_be_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sub" / "ledger.sqlite").mkdir(parents=True)
    with pytest.raises(LedgerError, match="cannot be used"):
        opened(at(tmp_path))
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="cannot be made"):
        opened(at(tmp_path / "file"))
