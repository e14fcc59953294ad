"""Exchange: where a model gets its calls and brings its results. One transaction settles and reserves.

In: calls that were asked for, by key. Out: `answers` and `failures` by key. A key is claimed by one row at a time, so
that no two processes make one call; what another process is making is left for later, in `elsewhere`.
"""

import hashlib
import json
import logging
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import sqlalchemy as sa

from exectune import process
from exectune.budgets import NOTHING, Amount, Purse, today
from exectune.cores.base import Call, Reply, Result, Sampling
from exectune.errors import BudgetReached, CallError
from exectune.ledger_store import ATTEMPTS, CALLS, CLAIM, RESERVED, LedgerStore
from exectune.prices import Price

KEY_VERSION = 2  # of what a key covers; another number asks everything anew
WRAPPING = 64  # tokens that a chat template puts around a prompt, at most
LOG = logging.getLogger(__name__)
Row = dict[str, Any]  # of the table, or a part of one

# Statements of every swap, made once: SQLAlchemy then needs half the time for them.
SETTLE = (
    sa.update(CALLS)
    .where(CALLS.c.id == sa.bindparam("call"), RESERVED)
    .values(unknown_usd=CALLS.c.unknown_usd + sa.bindparam("lost"))
)
INSERT = sa.insert(CALLS).returning(CALLS.c.id, sort_by_parameter_order=True)
BEGIN_ATTEMPT = sa.insert(ATTEMPTS)
END_ATTEMPT = sa.update(ATTEMPTS).where(ATTEMPTS.c.id == sa.bindparam("attempt"))
CLAIMS = sa.select(
    *(column for column in CALLS.c if column.name not in ("prefix", "prompt", "sampling"))
).where(CLAIM, CALLS.c.key.in_(sa.bindparam("keys", expanding=True)))


@dataclass(frozen=True)
class Open:
    """A call that was given out: its key, what it may cost at most, and the day that it counts on."""

    key: str
    most: Amount
    day: str


class LedgerExchange:
    """The exchange for one list of calls; see `exectune.cores.base.Exchange`."""

    def __init__(
        self,
        store: LedgerStore,
        rows: Mapping[str, Row],
        *,
        price: Price,
        sampling: Sampling,
        purse: Purse | None,
        on_news: Callable[[list[str], float], None],
    ) -> None:
        """`rows` by key, all columns of a call that are known; `purse` is None where calls are free; `on_news(keys,
        usd)` hears what was answered or failed, and what was paid."""
        self._store, self._rows, self._price, self._sampling = store, rows, price, sampling
        self._purse, self._on_news = purse, on_news
        self._open: dict[int, Open] = {}
        self.todo: deque[str] = deque(rows)
        self.elsewhere: list[str] = []
        self.answers: dict[str, Reply] = {}
        self.failures: dict[str, str] = {}
        self.paid: set[str] = set()

    def look_up(self) -> None:
        """Take what the ledger can answer already."""
        with self._store.transaction() as connection:
            rows = _claims(connection, list(self.todo))
        found = {key: reply_of(row) for key, row in rows.items() if row.status == "settled"}
        self.answers |= found
        self.todo = deque(key for key in self.todo if key not in found)
        self._on_news(list(found), 0.0)

    def swap(self, results: Sequence[tuple[Call, Result]], room: int) -> list[Call]:
        """Settle results, and reserve up to `room` more calls."""
        done = [(call, self._open[call.id], result) for call, result in results]
        with self._store.transaction() as connection:
            usd = self._settle(connection, done)
            found, calls, refusal = self._reserve(connection, room)
        for call, opened, result in done:
            del self._open[call.id]
            if isinstance(result, Reply):
                self.answers[opened.key] = result
                self.paid.add(opened.key)
            else:
                self.failures[opened.key] = str(result)
        self.answers |= found
        self._open |= {call.id: opened for call, opened in calls}
        self._on_news([*(opened.key for _, opened, _ in done), *found], usd)
        if refusal and not self._open:
            raise refusal
        return [call for call, _ in calls]

    def again(self, call: Call, error: CallError) -> Call:
        """Journal a failed attempt and reserve the next one."""
        opened = self._open[call.id]
        next_call = replace(call, attempt=uuid.uuid4().hex)
        with self._store.transaction() as connection:
            if error.billed:  # it may have been paid for: the next attempt needs a reservation of its own
                if self._purse and not self._purse.fitting(connection, [opened.most], opened.day):
                    raise self._purse.refusal(connection, opened.most, opened.day)
                lost = {"unknown_usd": CALLS.c.unknown_usd + opened.most.usd}
                connection.execute(sa.update(CALLS).where(CALLS.c.id == call.id).values(lost))
            _end_attempts(connection, [(call.attempt, str(error))])
            _begin_attempts(connection, [next_call])
        return next_call

    def abandon(self) -> None:
        """Count what is in flight as unknown spend: the program was interrupted."""
        with self._store.transaction() as connection:
            forget(connection, CALLS.c.id.in_(list(self._open)))

    def _settle(self, connection: sa.Connection, done: Sequence[tuple[Call, Open, Result]]) -> float:
        """Write what came of calls; the USD that the replies cost."""
        rows, attempts, usd = [], [], 0.0
        corrections: dict[str, Amount] = defaultdict(lambda: NOTHING)  # by day
        for call, opened, result in done:
            if isinstance(result, Reply):
                row = charge(result, self._price)
                usd += row["usd"]
                actual = Amount(row["usd"], tokens_of(result))
                unknown = 0.0
            else:
                unknown = opened.most.usd if result.billed else 0.0
                row = _failure(result)
                actual = Amount(unknown, opened.most.tokens if result.billed else 0)
            rows.append({"call": call.id, "lost": unknown, **row})
            attempts.append((call.attempt, "ok" if isinstance(result, Reply) else str(result)))
            corrections[opened.day] += actual - opened.most
        if rows:
            settled = connection.execute(SETTLE, rows).rowcount
            assert settled == len(rows), f"{len(rows) - settled} reservations are gone"
            _end_attempts(connection, attempts if self._purse else [])
        if self._purse:
            for day, change in corrections.items():
                self._purse.correct(connection, change, day)
        return usd

    def _reserve(
        self, connection: sa.Connection, room: int
    ) -> tuple[dict[str, Reply], list[tuple[Call, Open]], BudgetReached | None]:
        """Claim up to `room` unclaimed calls, as far as budgets go; what was answered meanwhile is found."""
        found: dict[str, Reply] = {}
        calls: list[tuple[Call, Open]] = []
        while self.todo and len(calls) < room:
            part = [self.todo.popleft() for _ in range(min(room - len(calls), len(self.todo)))]
            claims = _claims(connection, part)
            dead = forget_dead(
                connection, {row.process for row in claims.values() if row.status == "reserved"}
            )
            found |= {key: reply_of(row) for key, row in claims.items() if row.status == "settled"}
            busy = [
                key for key, row in claims.items() if row.status == "reserved" and row.process not in dead
            ]
            self.elsewhere += busy
            free = [key for key in part if key not in found and key not in busy]
            amounts = [self._most(self._rows[key]) for key in free]
            day = today()
            count = self._purse.fitting(connection, amounts, day) if self._purse else len(free)
            calls += self._claim(
                connection, [Open(key, most, day) for key, most in zip(free, amounts, strict=True)][:count]
            )
            if self._purse and count < len(free):
                self.todo.extendleft(reversed(free[count:]))
                return found, calls, self._purse.refusal(connection, amounts[count], day)
        return found, calls, None

    def _claim(self, connection: sa.Connection, opened: Sequence[Open]) -> list[tuple[Call, Open]]:
        rows = [
            {"key": one.key, **self._rows[one.key], "status": "reserved", "usd": one.most.usd}
            for one in opened
        ]
        ids = insert(connection, rows)
        calls = [
            Call(id_, row["prefix"], row["prompt"], uuid.uuid4().hex)
            for id_, row in zip(ids, rows, strict=True)
        ]
        _begin_attempts(connection, calls if self._purse else [])
        return list(zip(calls, opened, strict=True))

    def _most(self, row: Row) -> Amount:
        """The most that a call can cost: no tokenizer makes more tokens than a text has bytes."""
        read = len((row["prefix"] + row["prompt"]).encode()) + WRAPPING
        wrote = self._sampling.max_new_tokens
        usd = (self._price.dearest_input * read + self._price.output * wrote) / 1e6
        return Amount(usd, read + wrote)


def asked(
    model: str, prefix: str, prompts: Sequence[str], sampling: Sampling, samples: Sequence[int] | None
) -> list[Row]:
    """The columns of calls that say what is asked; `samples` numbers the draws from one prompt."""
    settings = json.dumps(asdict(sampling), sort_keys=True)
    numbers = [0] * len(prompts) if samples is None else samples
    return [
        {"model": model, "prefix": prefix, "prompt": prompt, "sampling": settings, "sample": sample}
        for prompt, sample in zip(prompts, numbers, strict=True)
    ]


def key_of(row: Row) -> str:
    """What makes two calls the same: model, messages, sampling, number of the sample; nothing of the transport."""
    covered = [KEY_VERSION, row["model"], row["prefix"], row["prompt"], row["sampling"], row["sample"]]
    return hashlib.sha256(json.dumps(covered).encode()).hexdigest()


def count_settled(connection: sa.Connection, keys: list[str]) -> int:
    """How many of these calls are answered."""
    claims = _claims(connection, keys)
    return sum(key in claims and claims[key].status == "settled" for key in keys)


def charge(reply: Reply, price: Price) -> Row:
    """The columns of a settled call."""
    cache = {"tokens_cache_read": reply.tokens_cache_read, "tokens_cache_write": reply.tokens_cache_write}
    usd = price.usd(reply.tokens_in, reply.tokens_out, reply.tokens_cache_read, reply.tokens_cache_write)
    fields = {"tokens_in": reply.tokens_in, "tokens_out": reply.tokens_out, "latency_s": reply.latency_s}
    ended = {"status": "settled", "stop_reason": reply.stop_reason, "error": None, "settled_at": time.time()}
    return {"reply": reply.text, "usd": usd, **fields, **cache, **ended}


def reply_of(row: sa.Row[Any]) -> Reply:
    """The reply of a settled call."""
    return Reply(
        row.reply,
        row.tokens_in,
        row.tokens_out,
        row.latency_s,
        row.tokens_cache_read,
        row.tokens_cache_write,
        row.stop_reason,
    )


def tokens_of(reply: Reply) -> int:
    """All tokens of a call."""
    return reply.tokens_in + reply.tokens_cache_read + reply.tokens_cache_write + reply.tokens_out


def insert(connection: sa.Connection, rows: Sequence[Row]) -> list[int]:
    """Insert calls; their ids, in order."""
    if not rows:
        return []
    default = {
        "status": "settled",
        "cached": False,
        "usd": 0.0,
        "unknown_usd": 0.0,
        "created_at": time.time(),
    }
    return list(connection.scalars(INSERT, [{**default, **row} for row in rows]))


def forget_dead(connection: sa.Connection, holders: Iterable[str]) -> set[str]:
    """Count the calls in flight of processes that have ended as unknown spend."""
    dead = {holder for holder in holders if not process.alive(holder)}
    if dead:
        forget(connection, CALLS.c.process.in_(dead))
    return dead


def forget(connection: sa.Connection, *which: sa.ColumnElement[bool]) -> None:
    """Count calls in flight as unknown spend: they may have been billed."""
    lost = {"status": "unknown", "unknown_usd": CALLS.c.unknown_usd + CALLS.c.usd, "usd": 0.0}
    count = connection.execute(sa.update(CALLS).where(RESERVED, *which).values(lost)).rowcount
    if count:
        LOG.warning("%d calls were in flight when their process ended: kept as unknown spend", count)


def _failure(error: CallError) -> Row:
    nothing = dict.fromkeys(
        ("tokens_in", "tokens_out", "tokens_cache_read", "tokens_cache_write", "latency_s")
    )
    ended = {"status": "failed", "stop_reason": None, "error": str(error), "settled_at": time.time()}
    return {"reply": None, "usd": 0.0, **nothing, **ended}


def _claims(connection: sa.Connection, keys: list[str]) -> dict[str, sa.Row[Any]]:
    """The rows that claim these keys, reserved or settled."""
    rows: dict[str, sa.Row[Any]] = {}
    for start in range(0, len(keys), 500):
        part = keys[start : start + 500]
        rows |= {row.key: row for row in connection.execute(CLAIMS, {"keys": part})}
    return rows


def _begin_attempts(connection: sa.Connection, calls: Sequence[Call]) -> None:
    if calls:
        now = time.time()
        rows = [{"id": call.attempt, "call_id": call.id, "started_at": now} for call in calls]
        connection.execute(BEGIN_ATTEMPT, rows)


def _end_attempts(connection: sa.Connection, ended: Sequence[tuple[str, str]]) -> None:
    if ended:
        rows = [{"attempt": id_, "result": result, "ended_at": time.time()} for id_, result in ended]
        connection.execute(END_ATTEMPT, rows)
