"""The ledger's store: its tables, how it is opened, and what is wrong with it when it cannot be.

One SQLite file in WAL mode, or a PostgreSQL database for a cluster. Transactions run one after another, whoever else
is at work (`BEGIN IMMEDIATE`, or an advisory lock), so what one reads is still true when it writes.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from exectune.errors import LedgerError

VERSION = 2  # of the tables
BUSY_S = 60.0  # how long a transaction waits for another process
LOCK = 7_304_118  # of PostgreSQL's advisory locks, ours

# Conditions of partial indexes. Literal text: SQLite uses such an index only for a query that repeats it.
CLAIM = sa.text("status IN ('reserved', 'settled') AND NOT cached")  # rows that claim their key
RESERVED = sa.text("status = 'reserved'")
TABLES = sa.MetaData()
CALLS = sa.Table(
    "calls",
    TABLES,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", sa.String),  # null: a call that is never answered from here
    sa.Column("stage", sa.String, nullable=False),
    sa.Column("run_id", sa.String, nullable=False, index=True),
    sa.Column("role", sa.String, nullable=False),  # guide, core, teacher, judge
    sa.Column("model", sa.String, nullable=False),
    sa.Column("paid", sa.Boolean, nullable=False),  # false: usd is a shadow price
    sa.Column("prefix", sa.String),
    sa.Column("prompt", sa.String),
    sa.Column("sampling", sa.String),
    sa.Column("sample", sa.Integer),
    sa.Column("status", sa.String, nullable=False),  # reserved, settled, failed, unknown
    sa.Column("cached", sa.Boolean, nullable=False),
    sa.Column("reply", sa.String),
    sa.Column("stop_reason", sa.String),
    sa.Column("error", sa.String),
    sa.Column("tokens_in", sa.Integer),
    sa.Column("tokens_out", sa.Integer),
    sa.Column("tokens_cache_read", sa.Integer),
    sa.Column("tokens_cache_write", sa.Integer),
    sa.Column("usd", sa.Float, nullable=False),  # while reserved: the most that it can cost
    sa.Column(
        "unknown_usd", sa.Float, nullable=False
    ),  # of attempts that may have been billed without a reply
    sa.Column("latency_s", sa.Float),
    sa.Column("process", sa.String, nullable=False),  # `exectune.process.identity`
    sa.Column("created_at", sa.Float, nullable=False),  # seconds since 1970, as settled_at
    sa.Column("settled_at", sa.Float),
    sa.Index("calls_claim", "key", unique=True, sqlite_where=CLAIM, postgresql_where=CLAIM),
    sa.Index("calls_reserved", "process", sqlite_where=RESERVED, postgresql_where=RESERVED),
)
ATTEMPTS = sa.Table(  # of paid calls
    "attempts",
    TABLES,
    sa.Column("id", sa.String, primary_key=True),  # the id that went out with the request
    sa.Column("call_id", sa.Integer, nullable=False, index=True),
    sa.Column("result", sa.String),  # ok, or the error; null: in flight
    sa.Column("started_at", sa.Float, nullable=False),
    sa.Column("ended_at", sa.Float),
)
SPENT = sa.Table(  # what counts against budgets: settled, reserved and unknown
    "spent",
    TABLES,
    sa.Column("scope", sa.String, primary_key=True),
    sa.Column("usd", sa.Float, nullable=False),
    sa.Column("tokens", sa.Integer, nullable=False),
)
VERSIONS = sa.Table("ledger_version", TABLES, sa.Column("version", sa.Integer, primary_key=True))


class LedgerStore:
    """An open ledger. Made where there is none.

    Raises:
        LedgerError: it is damaged, no ledger, of another version, or cannot be reached or written.
    """

    def __init__(self, place: Path | str):
        """`place`: the path of a SQLite file, or a `postgresql://` URL."""
        self._name = str(place)
        if isinstance(place, Path):
            self._engine = _sqlite(place)
        else:
            self._engine = _postgres(place)
            self._name = self._engine.url.render_as_string(hide_password=True)
        try:
            self._check()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of it."""
        self._engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """One transaction, alone on the ledger; committed at the end, undone by an error.

        Raises:
            LedgerError: the ledger cannot be used.
        """
        try:
            with self._engine.begin() as connection:
                yield connection
        except (sa.exc.IntegrityError, sqlite3.IntegrityError):
            raise  # a bug of ours
        except (sa.exc.OperationalError, sqlite3.OperationalError) as error:
            cause = str(getattr(error, "orig", error)).splitlines()[0]
            raise LedgerError(f"the ledger {self._name} cannot be used: {cause}") from None
        except (sa.exc.DatabaseError, sqlite3.DatabaseError) as error:
            raise self._damaged(getattr(error, "orig", error)) from None

    def _check(self) -> None:
        with self.transaction() as connection:
            there = set(sa.inspect(connection).get_table_names())
            if not there:
                TABLES.create_all(connection)
                connection.execute(sa.insert(VERSIONS).values(version=VERSION))
                return
            version = connection.scalar(sa.select(VERSIONS.c.version)) if VERSIONS.name in there else None
            if version != VERSION:
                known = f"this program knows version {VERSION}"
                what = (
                    f"a ledger of version {version}; {known}"
                    if version
                    else f"no ledger, or one of version 1; {known}"
                )
                raise LedgerError(f"{self._name} is {what}: use the program that wrote it, or move it away")
            if self._engine.dialect.name == "sqlite":
                found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
                if found != "ok":
                    raise self._damaged(found)

    def _damaged(self, what: object) -> LedgerError:
        return LedgerError(
            f"the ledger {self._name} is damaged ({what}): move it away; a new one asks all anew"
        )


def _sqlite(path: Path) -> sa.Engine:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerError(f"the ledger's folder {path.parent} cannot be made: {error.strerror}") from None
    url = sa.URL.create("sqlite", database=str(path))
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_S})
    sa.event.listen(engine, "connect", _connected)
    sa.event.listen(engine, "begin", _begun)
    return engine


def _postgres(url: str) -> sa.Engine:
    if not url.startswith("postgresql://"):
        raise LedgerError("the ledger's URL has to begin with postgresql://; leave it out for a SQLite file")
    try:
        engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    except ModuleNotFoundError:
        raise LedgerError("a ledger in PostgreSQL needs: pip install 'psycopg[binary]'") from None
    sa.event.listen(
        engine,
        "begin",
        lambda connection: connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})"),
    )
    return engine


def _connected(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions begin in `_begun`, not in the driver
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")  # kill -9 loses nothing, a power cut the last commits


def _begun(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
