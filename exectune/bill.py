"""Bill: what was spent, read from the ledger. In: a transaction. Out: tables."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa

from exectune.ledger_store import CALLS

GROUP = ("stage", "role", "model")
COUNTS = ("calls", "cached", "failed", "tokens_in", "tokens_out")
POLARS = {sa.Integer: pl.Int64, sa.String: pl.String, sa.Boolean: pl.Boolean, sa.Float: pl.Float64}
NOT_SHOWN = ("prefix", "prompt")
SUMS: Mapping[str, sa.ColumnElement[Any]] = {
    "cached": sa.cast(CALLS.c.cached, sa.Integer),
    "failed": sa.case((CALLS.c.status == "failed", 1), else_=0),
    "tokens_in": sum(
        (sa.func.coalesce(CALLS.c[name], 0) for name in ("tokens_cache_read", "tokens_cache_write")),
        start=sa.func.coalesce(CALLS.c.tokens_in, 0),
    ),
    "tokens_out": CALLS.c.tokens_out,
    "usd": sa.case((CALLS.c.status == "settled", CALLS.c.usd)),
    "latency_s": CALLS.c.latency_s,
    "unknown_usd": CALLS.c.unknown_usd + sa.case((CALLS.c.status == "reserved", CALLS.c.usd), else_=0.0),
}


def totals(
    connection: sa.Connection,
    *,
    by: Sequence[str] = GROUP,
    stage: str | None = None,
    run_id: str | None = None,
    paid: bool | None = None,
) -> pl.DataFrame:
    """What was spent, a row a group; `by` names columns of the calls, or `day` (UTC).

    `calls` counts all that was asked, `cached` those among them that cost nothing; `tokens_in` counts cached input
    too; `usd` is what was charged, `unknown_usd` what may have been charged besides.
    """
    day = (CALLS.c.created_at - CALLS.c.created_at % 86_400).label("day")
    group: list[sa.ColumnElement[Any]] = [day if name == "day" else CALLS.c[name] for name in by]
    columns = [sa.func.coalesce(sa.func.sum(value), 0).label(name) for name, value in SUMS.items()]
    query = sa.select(*group, sa.func.count().label("calls"), *columns).group_by(*group).order_by(*group)
    for column, value in ((CALLS.c.stage, stage), (CALLS.c.run_id, run_id), (CALLS.c.paid, paid)):
        query = query if value is None else query.where(column == value)
    kinds = {"day": pl.Float64, "paid": pl.Boolean}
    schema = {name: kinds.get(name, pl.String) for name in by} | {"calls": pl.Int64}
    frame = _frame(connection, query, schema | dict.fromkeys(SUMS, pl.Float64))
    if "day" in by:
        frame = frame.with_columns(pl.from_epoch(pl.col("day").cast(pl.Int64)).dt.date())
    return frame.with_columns(pl.col(COUNTS).cast(pl.Int64))


def used(connection: sa.Connection) -> dict[tuple[str, str, str], tuple[int, float, float]]:
    """Stage, role and model: how many calls were paid, and the mean tokens that one read and wrote."""
    group: list[sa.ColumnElement[Any]] = [CALLS.c[name] for name in GROUP]
    means = [sa.func.avg(value) for value in (SUMS["tokens_in"], CALLS.c.tokens_out)]
    query = sa.select(*group, sa.func.count(), *means).where(CALLS.c.paid, ~CALLS.c.cached)
    rows = connection.execute(query.where(CALLS.c.status == "settled").group_by(*group))
    return {(row[0], row[1], row[2]): (row[3], float(row[4]), float(row[5])) for row in rows}


def write_slice(connection: sa.Connection, path: Path, *, run_id: str) -> None:
    """Write the run's calls, without what was asked, as parquet."""
    columns = [column for column in CALLS.c if column.name not in NOT_SHOWN]
    query = sa.select(*columns).where(CALLS.c.run_id == run_id).order_by(CALLS.c.id)
    temporary = path.with_name(path.name + ".tmp")
    schema = {column.name: POLARS[type(column.type)] for column in columns}
    _frame(connection, query, schema).write_parquet(temporary)
    temporary.rename(path)


def _frame(connection: sa.Connection, query: sa.Select[Any], schema: Mapping[str, Any]) -> pl.DataFrame:
    rows = [tuple(row) for row in connection.execute(query)]
    return pl.DataFrame(rows, schema=schema, orient="row")
