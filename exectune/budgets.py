"""Budgets: what paid calls may cost, by run, stage and day, in USD and in tokens.

In: a transaction on the ledger, and what a call can cost at most. Out: whether it may be made. What is settled,
reserved and unknown counts; a reservation is made in the same transaction as the check, so that any number of
processes together never spend more than a budget. Local models are free and count in none.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from exectune.errors import BudgetReached
from exectune.ledger_store import SPENT


@dataclass(frozen=True)
class Budgets:
    """The most that may be spent; None is no limit. A day is one of UTC."""

    run_usd: float | None = None
    stage_usd: float | None = None
    day_usd: float | None = None
    run_tokens: int | None = None
    stage_tokens: int | None = None
    day_tokens: int | None = None


@dataclass(frozen=True)
class Amount:
    """USD and tokens, of calls that are made or reserved."""

    usd: float
    tokens: int

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.usd + other.usd, self.tokens + other.tokens)

    def __sub__(self, other: "Amount") -> "Amount":
        return Amount(self.usd - other.usd, self.tokens - other.tokens)


NOTHING = Amount(0.0, 0)
OF_SCOPES = SPENT.c.scope.in_(sa.bindparam("scopes", expanding=True))
LEFT = sa.select(SPENT).where(OF_SCOPES)
ADD = (
    sa.update(SPENT)
    .where(OF_SCOPES)
    .values(usd=SPENT.c.usd + sa.bindparam("more_usd"), tokens=SPENT.c.tokens + sa.bindparam("more_tokens"))
)


def today() -> str:
    """The day of UTC."""
    return time.strftime("%Y-%m-%d", time.gmtime())


@dataclass(frozen=True)
class Purse:
    """The budgets of one stage of one run."""

    budgets: Budgets
    run: str
    stage: str

    def fitting(self, connection: sa.Connection, amounts: list[Amount], day: str) -> int:
        """How many of the amounts, from the first on, fit into all budgets; they are reserved."""
        left = dict(self._left(connection, day))
        total, count = NOTHING, 0
        for amount in amounts:
            if any(
                (total + amount).usd > room.usd or (total + amount).tokens > room.tokens
                for room in left.values()
            ):
                break
            total, count = total + amount, count + 1
        if count:
            self.correct(connection, total, day)
        return count

    def correct(self, connection: sa.Connection, change: Amount, day: str) -> None:
        """Count something in, or out where it is negative, on the day that it was reserved."""
        scopes = set(self._scopes(day).values())
        amount = {"more_usd": change.usd, "more_tokens": change.tokens}
        if connection.execute(ADD, {"scopes": list(scopes), **amount}).rowcount == len(scopes):
            return
        there = connection.scalars(sa.select(SPENT.c.scope).where(SPENT.c.scope.in_(scopes)))
        new = scopes - set(there)
        rows = [{"scope": scope, "usd": change.usd, "tokens": change.tokens} for scope in sorted(new)]
        connection.execute(sa.insert(SPENT), rows)

    def refusal(self, connection: sa.Connection, amount: Amount, day: str) -> BudgetReached:
        """Why an amount does not fit, and how to go on."""
        for name, room in self._left(connection, day):
            if amount.usd > room.usd:
                limit, unit, left, needed = (
                    f"{name}_usd",
                    "USD",
                    f"{max(room.usd, 0):.4f}",
                    f"{amount.usd:.4f}",
                )
            elif amount.tokens > room.tokens:
                limit, unit, left, needed = (
                    f"{name}_tokens",
                    "tokens",
                    str(max(room.tokens, 0)),
                    str(amount.tokens),
                )
            else:
                continue
            wait = ", or go on tomorrow (UTC)" if name == "day" else ""
            return BudgetReached(
                f"budget reached: of budgets.{limit} = {getattr(self.budgets, limit)} {unit}, {left} are left, and the "
                f"next call may cost {needed}. What was answered is kept and is not paid again: raise budgets.{limit} "
                f"in params.yaml{wait}, then run `dvc repro`"
            )
        raise AssertionError("it fits")

    def _scopes(self, day: str) -> dict[str, str]:
        return {"run": f"run {self.run}", "stage": f"stage {self.run} {self.stage}", "day": f"day {day}"}

    def _left(self, connection: sa.Connection, day: str) -> Iterator[tuple[str, Amount]]:
        scopes = self._scopes(day)
        rows = connection.execute(LEFT, {"scopes": list(scopes.values())})
        spent = {row.scope: Amount(row.usd, row.tokens) for row in rows}
        for name, scope in scopes.items():
            usd = getattr(self.budgets, f"{name}_usd")
            tokens = getattr(self.budgets, f"{name}_tokens")
            limit = Amount(float("inf") if usd is None else usd, 10**18 if tokens is None else tokens)
            yield name, limit - spent.get(scope, NOTHING)
