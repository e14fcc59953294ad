"""Ledger: every model call with its tokens, USD and reply. It is the response cache too.

A call is reserved (at the most it can cost), made, and settled: reply and charge in one commit. A key is claimed by
one row at a time, so no answered call is made again, by this process or another, now or after a crash. What was in
flight when a process died may have been billed: it stays, as `unknown` spend. A row of `calls`:

    key 9f3c…  stage accept  run_id 4be1…  role core  model smollm2-135m  sample 0  status settled  cached 0
    reply "48 / 2"  tokens_in 143  tokens_out 5  usd 0.000168  latency_s 0.04

A question that the ledger answers is a row with `cached` 1 that costs nothing.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import polars as pl
import sqlalchemy as sa

from exectune import bill, exchange, process
from exectune.budgets import Budgets, Purse
from exectune.cores.base import Model, Reply, Sampling
from exectune.errors import LedgerError
from exectune.exchange import LedgerExchange
from exectune.ledger_store import CALLS, RESERVED, LedgerStore
from exectune.prices import Price

WAIT_S = 0.05  # between two looks at a call that another process is making
HELD_BACK = ("content_filter", "guardrail")
NO_ANSWER = Reply("", 0, 0, 0.0)


@dataclass(frozen=True)
class Billed:
    """A reply and its price. When `cached`, nothing was paid for it this time.

    A call that failed has an `error` and no reply.
    """

    reply: Reply
    usd: float
    cached: bool
    error: str = ""

    @property
    def failure(self) -> str:
        """Why this is no answer: the call failed, or the provider's filter held the reply back; else empty."""
        held_back = self.reply.stop_reason in HELD_BACK
        return self.error or (f"refused: {self.reply.stop_reason}" if held_back else "")

    @property
    def paid_usd(self) -> float:
        """What was paid for it this time."""
        return 0.0 if self.cached else self.usd


class Ledger:
    """One stage's hand on the ledger; a context manager. Make it with `Ledger.open`."""

    def __init__(
        self, store: LedgerStore, prices: Mapping[str, Price], stage: str, run_id: str, purse: Purse
    ) -> None:
        self._store, self._prices, self._purse = store, prices, purse
        self._common = {"stage": stage, "run_id": run_id, "process": process.identity()}

    @classmethod
    def open(
        cls,
        place: Path | str,
        *,
        stage: str,
        run_id: str,
        prices: Mapping[str, Price],
        budgets: Budgets = Budgets(),  # noqa: B008 (frozen)
        budget_run: str = "",
    ) -> Self:
        """Open the ledger, or make it; count the calls of dead processes as unknown spend.

        Args:
            place: the path of a SQLite file, or a `postgresql://` URL.
            prices: by role.
            budgets: for paid calls.
            budget_run: what a run's budget holds for, where that is more than this run: its parent's id.

        Raises:
            LedgerError: it is damaged, no ledger, of another version, or cannot be reached or written.
        """
        ledger = cls(LedgerStore(place), prices, stage, run_id, Purse(budgets, budget_run or run_id, stage))
        with ledger._store.transaction() as connection:
            holders = connection.scalars(sa.select(CALLS.c.process).where(RESERVED).distinct()).all()
            exchange.forget_dead(connection, set(holders))
        return ledger

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._store.close()

    def complete(
        self,
        model: Model,
        prompts: Sequence[str],
        sampling: Sampling,
        *,
        role: str,
        prefix: str = "",
        samples: Sequence[int] | None = None,
        on_news: Callable[[int, float], None] | None = None,
    ) -> list[Billed]:
        """One reply a prompt, in order. What was answered before is not asked again.

        Args:
            prefix: what all the prompts begin with; a chat model's system prompt.
            samples: numbers the draws from one prompt: another number is another call.
            on_news: hears of n more prompts answered and of what was paid for them.

        Raises:
            BudgetReached: what was answered until then is in the ledger.
            CallsFailed: too many calls failed.
        """
        price = self._price(role)
        shared = {"role": role, "paid": model.paid, **self._common}
        samples = self._samples(role, prefix, prompts, samples)
        rows = [shared | row for row in exchange.asked(model.name, prefix, prompts, sampling, samples)]
        keys = [exchange.key_of(row) for row in rows]
        asked = Counter(keys)

        def tell(news: list[str], usd: float) -> None:
            if on_news and news:
                on_news(sum(asked[key] for key in news), usd)

        calls = LedgerExchange(
            self._store,
            dict(zip(keys, rows, strict=True)),
            price=price,
            sampling=sampling,
            purse=self._purse if model.paid else None,
            on_news=tell,
        )
        self._answer(model, calls, sampling)
        return self._billed(keys, rows, calls, price)

    def known(
        self,
        model: str,
        prompts: Sequence[str],
        sampling: Sampling,
        *,
        prefix: str = "",
        samples: Sequence[int] | None = None,
    ) -> int:
        """How many of these calls would be answered from here."""
        rows = exchange.asked(model, prefix, prompts, sampling, samples)
        with self._store.transaction() as connection:
            return exchange.count_settled(connection, [exchange.key_of(row) for row in rows])

    def used(self) -> dict[tuple[str, str, str], tuple[int, float, float]]:
        """Stage, role and model: how many calls were paid, and the mean tokens that one read and wrote."""
        with self._store.transaction() as connection:
            return bill.used(connection)

    def record(self, *, role: str, model: str, replies: Sequence[Reply]) -> list[float]:
        """Journal calls that are never answered from here (sampling while training); the USD of each."""
        price = self._price(role)
        charges = [exchange.charge(reply, price) for reply in replies]
        shared = {"role": role, "model": model, "paid": False, **self._common}
        with self._store.transaction() as connection:
            exchange.insert(connection, [{**shared, **charge} for charge in charges])
        return [charge["usd"] for charge in charges]

    def totals(
        self,
        *,
        by: Sequence[str] = bill.GROUP,
        stage: str | None = None,
        run_id: str | None = None,
        paid: bool | None = None,
    ) -> pl.DataFrame:
        """What was spent; see `exectune.bill.totals`."""
        with self._store.transaction() as connection:
            return bill.totals(connection, by=by, stage=stage, run_id=run_id, paid=paid)

    def slice(self, path: Path, *, run_id: str) -> None:
        """Write the run's calls, without what was asked, as parquet."""
        with self._store.transaction() as connection:
            bill.write_slice(connection, path, run_id=run_id)

    def _answer(self, model: Model, calls: LedgerExchange, sampling: Sampling) -> None:
        calls.look_up()
        while calls.todo:
            try:
                model.answer(calls, sampling)
            except BaseException:  # Ctrl-C too: what is in flight may have been billed
                calls.abandon()
                raise
            if calls.elsewhere:
                time.sleep(WAIT_S)
            calls.todo.extend(calls.elsewhere)
            calls.elsewhere.clear()

    def _billed(
        self, keys: Sequence[str], rows: Sequence[exchange.Row], calls: LedgerExchange, price: Price
    ) -> list[Billed]:
        billed, hits = [], []
        fresh = set(calls.paid)
        for key, row in zip(keys, rows, strict=True):
            if key in calls.failures:
                billed.append(Billed(NO_ANSWER, 0.0, False, calls.failures[key]))
                continue
            reply = calls.answers[key]
            cached = key not in fresh
            fresh.discard(key)  # asked once more in this list, it is a hit
            billed.append(Billed(reply, exchange.charge(reply, price)["usd"], cached))
            hits += [_hit(key, row)] if cached else []
        with self._store.transaction() as connection:
            exchange.insert(connection, hits)
        return billed

    def _samples(
        self, role: str, prefix: str, prompts: Sequence[str], samples: Sequence[int] | None
    ) -> Sequence[int] | None:
        """The numbers of the draws, as they were given; for a ledger that asks anew what others have asked."""
        return samples

    def _price(self, role: str) -> Price:
        if role not in self._prices:
            raise LedgerError(f"no price for the role {role!r}: set `prices.{role}` in params.yaml")
        return self._prices[role]


def _hit(key: str, row: exchange.Row) -> exchange.Row:
    kept = ("role", "model", "paid", "stage", "run_id", "process", "sample")
    return {"key": key, "cached": True, **{name: row[name] for name in kept}}
