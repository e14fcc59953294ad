"""Ledger: every model call with its tokens, USD and reply. It is the response cache too.

A call is reserved (at about the most it can cost), made, and settled: reply and charge in one commit. A key
is claimed by one row at a time, so no answered call is made again, by this process or another, now or after a
crash. What was in flight when a process died may have been billed: it stays, as `unknown` spend.
A row of `calls`:

    key 9f3c…  stage accept  run_id 4be1…  role core  model smollm2-135m  sample 0  status settled  cached 0
    reply "48 / 2"  tokens_in 143  tokens_out 5  usd 0.000168  latency_s 0.04

A question that the ledger answers is a row with `cached` 1 that costs nothing.
"""

import hashlib
import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import polars as pl
import sqlalchemy as sa

from exectune import process
from exectune.cores.base import Model, Reply, Sampling
from exectune.errors import LedgerError
from exectune.ledger_file import CALLS, CLAIM, RESERVED, LedgerFile
from exectune.prices import Price

KEY_VERSION = 1  # of what a key covers; another number asks everything anew
WAIT_S = 0.05  # between two looks at a call that another process is making
COUNTS = ("calls", "cached", "tokens_in", "tokens_out")
POLARS = {sa.Integer: pl.Int64, sa.String: pl.String, sa.Boolean: pl.Boolean, sa.Float: pl.Float64}
LOG = logging.getLogger(__name__)
Row = dict[str, Any]  # of the table, or a part of one


@dataclass(frozen=True)
class Billed:
    """A reply and its price. When `cached`, nothing was paid for it this time."""

    reply: Reply
    usd: float
    cached: bool

    @property
    def paid_usd(self) -> float:
        """What was paid for it this time."""
        return 0.0 if self.cached else self.usd


class Ledger:
    """One stage's hand on the ledger; a context manager. Make it with `Ledger.open`."""

    def __init__(self, file: LedgerFile, prices: Mapping[str, Price], stage: str, run_id: str):
        self._file, self._prices = file, prices
        self._me = process.identity()
        self._common = {"stage": stage, "run_id": run_id, "process": self._me}

    @classmethod
    def open(cls, path: Path, *, stage: str, run_id: str, prices: Mapping[str, Price]) -> Self:
        """Open the file, or make it; count the calls of dead processes as unknown spend.

        Raises:
            LedgerError: the file is damaged, no ledger, of another version, or cannot be written.
        """
        ledger = cls(LedgerFile(path), prices, stage, run_id)
        with ledger._file.transaction() as connection:
            holders = connection.scalars(sa.select(CALLS.c.process).where(RESERVED).distinct()).all()
            _forget_dead(connection, set(holders))
        return ledger

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def complete(
        self,
        model: Model,
        prompts: Sequence[str],
        sampling: Sampling,
        *,
        role: str,
        samples: Sequence[int] | None = None,
        chunk: int = 256,
        on_chunk: Callable[[int, float], None] | None = None,
    ) -> list[Billed]:
        """One reply a prompt, in order. What was answered before is not asked again; the rest in chunks.

        `samples` numbers the draws from one prompt: another number is another call. `on_chunk(n, usd)` hears
        of n more prompts answered and of what was paid for them.
        """
        price, settings = self._price(role), json.dumps(asdict(sampling), sort_keys=True)
        shared = {"role": role, "model": model.name, **self._common}
        numbers = [0] * len(prompts) if samples is None else samples
        rows = [
            {"prompt": prompt, "sample": sample, "sampling": settings, **shared}
            for prompt, sample in zip(prompts, numbers, strict=True)
        ]
        keys = [_key(row) for row in rows]
        calls = {key: {"key": key, **row} for key, row in zip(keys, rows, strict=True)}
        asked = Counter(keys)
        answers = self._answers(list(calls))
        paid: set[str] = set()
        if on_chunk and answers:
            on_chunk(sum(asked[key] for key in answers), 0.0)
        todo = [key for key in calls if key not in answers]
        while todo:
            part, todo = todo[:chunk], todo[chunk:]
            mine = self._reserve([calls[key] for key in part], price, sampling)
            news = self._call(model, mine, sampling, price)
            paid |= news.keys()
            usd = sum(_usd(price, reply) for reply in news.values())
            news |= self._answers([key for key in part if key not in news])  # another process made these
            todo += [key for key in part if key not in news]  # or is making them
            answers |= news
            if on_chunk and news:
                on_chunk(sum(asked[key] for key in news), usd)
            if not news:
                time.sleep(WAIT_S)
        billed, hits = [], []
        for key in keys:
            cached = key not in paid
            paid.discard(key)  # asked once more in this list, it is a hit
            billed.append(Billed(answers[key], _usd(price, answers[key]), cached))
            hits += [{"key": key, "sample": calls[key]["sample"], "cached": True, **shared}] if cached else []
        self._insert(hits)
        return billed

    def record(self, *, role: str, model: str, replies: Sequence[Reply]) -> list[float]:
        """Journal calls that are never answered from here (sampling while training); the USD of each."""
        price = self._price(role)
        charges = [_charge(reply, price) for reply in replies]
        self._insert([{"role": role, "model": model, **self._common, **charge} for charge in charges])
        return [charge["usd"] for charge in charges]

    def totals(self, *, stage: str | None = None, run_id: str | None = None) -> pl.DataFrame:
        """What was spent: a row a stage, role and model.

        `calls` counts all that was asked, `cached` those among them that cost nothing; `usd` is what was
        charged, `unknown_usd` what may have been charged besides.
        """
        group = [CALLS.c.stage, CALLS.c.role, CALLS.c.model]
        usd = CALLS.c.usd
        sums = {
            "cached": CALLS.c.cached,
            "tokens_in": CALLS.c.tokens_in,
            "tokens_out": CALLS.c.tokens_out,
            "usd": sa.case((CALLS.c.status == "settled", usd)),
            "latency_s": CALLS.c.latency_s,
            "unknown_usd": sa.case((CALLS.c.status != "settled", usd)),
        }
        columns = [sa.func.total(value).label(name) for name, value in sums.items()]
        query = sa.select(*group, sa.func.count().label("calls"), *columns).group_by(*group)
        for column, value in ((CALLS.c.stage, stage), (CALLS.c.run_id, run_id)):
            query = query if value is None else query.where(column == value)
        schema = (
            {column.name: pl.String for column in group}
            | {"calls": pl.Int64}
            | dict.fromkeys(sums, pl.Float64)
        )
        return self._frame(query.order_by(*group), schema).with_columns(pl.col(COUNTS).cast(pl.Int64))

    def slice(self, path: Path, *, run_id: str) -> None:
        """Write the run's rows, without prompts, as parquet."""
        columns = [column for column in CALLS.c if column.name != "prompt"]
        query = sa.select(*columns).where(CALLS.c.run_id == run_id).order_by(CALLS.c.id)
        schema = {column.name: POLARS[type(column.type)] for column in columns}
        temporary = path.with_name(path.name + ".tmp")
        self._frame(query, schema).write_parquet(temporary)
        temporary.rename(path)

    def _price(self, role: str) -> Price:
        if role not in self._prices:
            raise LedgerError(f"no price for the role {role!r}: set `prices.{role}` in params.yaml")
        return self._prices[role]

    def _answers(self, keys: list[str]) -> dict[str, Reply]:
        with self._file.transaction() as connection:
            rows = _claims(connection, keys)
        settled = [row for row in rows if row.status == "settled"]
        return {row.key: Reply(row.reply, row.tokens_in, row.tokens_out, row.latency_s) for row in settled}

    def _reserve(self, calls: list[Row], price: Price, sampling: Sampling) -> list[Row]:
        """Claim the calls that nobody has claimed, and give those back."""
        with self._file.transaction() as connection:
            claims = {row.key: row for row in _claims(connection, [call["key"] for call in calls])}
            dead = _forget_dead(
                connection, {row.process for row in claims.values() if row.status == "reserved"}
            )
            taken = {key for key, row in claims.items() if row.status == "settled" or row.process not in dead}
            free = [call for call in calls if call["key"] not in taken]
            # A prompt's tokens are not known before the call: one for two characters is more than most take.
            most = [price.usd(len(call["prompt"]) / 2, sampling.max_new_tokens) for call in free]
            _insert(
                connection,
                [{**call, "status": "reserved", "usd": usd} for call, usd in zip(free, most, strict=True)],
            )
        return free

    def _call(self, model: Model, calls: list[Row], sampling: Sampling, price: Price) -> dict[str, Reply]:
        """Make the calls that were reserved, and settle them."""
        if not calls:
            return {}
        keys = [call["key"] for call in calls]
        settle = sa.update(CALLS).where(
            CALLS.c.key == sa.bindparam("call"), CLAIM, CALLS.c.process == self._me
        )
        try:
            replies = model.generate([call["prompt"] for call in calls], sampling)
            rows = [{"call": key, **_charge(reply, price)} for key, reply in zip(keys, replies, strict=True)]
            with self._file.transaction() as connection:
                settled = connection.execute(settle, rows).rowcount
                assert settled == len(rows), f"{len(rows) - settled} reservations are gone"
        except BaseException:  # Ctrl-C too: it may have been billed
            with self._file.transaction() as connection:
                _forget(connection, CALLS.c.key.in_(keys), CALLS.c.process == self._me)
            raise
        return dict(zip(keys, replies, strict=True))

    def _insert(self, rows: list[Row]) -> None:
        with self._file.transaction() as connection:
            _insert(connection, rows)

    def _frame(self, query: sa.Select[Any], schema: Mapping[str, Any]) -> pl.DataFrame:
        with self._file.transaction() as connection:
            rows = [tuple(row) for row in connection.execute(query)]
        return pl.DataFrame(rows, schema=schema, orient="row")


def _key(row: Row) -> str:
    covered = [KEY_VERSION, row["model"], row["prompt"], row["sampling"], row["sample"]]
    return hashlib.sha256(json.dumps(covered).encode()).hexdigest()


def _usd(price: Price, reply: Reply) -> float:
    return price.usd(reply.tokens_in, reply.tokens_out)


def _charge(reply: Reply, price: Price) -> Row:
    fields = {"tokens_in": reply.tokens_in, "tokens_out": reply.tokens_out, "latency_s": reply.latency_s}
    settled = {"status": "settled", "settled_at": time.time()}
    return {"reply": reply.text, "usd": _usd(price, reply), **fields, **settled}


def _claims(connection: sa.Connection, keys: list[str]) -> list[sa.Row[Any]]:
    """The rows that claim these keys, reserved or settled."""
    columns = [column for column in CALLS.c if column.name != "prompt"]
    rows: list[sa.Row[Any]] = []
    for start in range(0, len(keys), 500):
        part = keys[start : start + 500]
        rows += connection.execute(sa.select(*columns).where(CLAIM, CALLS.c.key.in_(part))).all()
    return rows


def _insert(connection: sa.Connection, rows: list[Row]) -> None:
    default = {"status": "settled", "cached": False, "usd": 0.0, "created_at": time.time()}
    if rows:
        connection.execute(sa.insert(CALLS), [{**default, **row} for row in rows])


def _forget_dead(connection: sa.Connection, holders: set[str]) -> set[str]:
    dead = {holder for holder in holders if not process.alive(holder)}
    if dead:
        _forget(connection, CALLS.c.process.in_(dead))
    return dead


def _forget(connection: sa.Connection, *which: sa.ColumnElement[bool]) -> None:
    forgotten = sa.update(CALLS).where(RESERVED, *which).values(status="unknown")
    count = connection.execute(forgotten).rowcount
    if count:
        LOG.warning("%d calls were in flight when their process ended: kept as unknown spend", count)
