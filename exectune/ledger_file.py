"""The ledger's file: its one table, how it is opened, and what is wrong with it when it cannot be.

SQLite in WAL mode. Every transaction takes the write lock at its start (`BEGIN IMMEDIATE`), so what it reads
is still true when it writes, whoever else has the file open.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from exectune.errors import LedgerError

VERSION = 1  # of the table
BUSY_S = 60.0  # how long a transaction waits for another process

# Conditions of partial indexes. Literal text: SQLite uses such an index only for a query that repeats it.
CLAIM = sa.text("status <> 'unknown' AND NOT cached")  # rows that claim their key
RESERVED = sa.text("status = 'reserved'")
CALLS = sa.Table(
    "calls",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", sa.String),  # null: a call that is never answered from here
    sa.Column("stage", sa.String, nullable=False),
    sa.Column("run_id", sa.String, nullable=False, index=True),
    sa.Column("role", sa.String, nullable=False),  # guide, core, teacher
    sa.Column("model", sa.String, nullable=False),
    sa.Column("prompt", sa.String),
    sa.Column("sampling", sa.String),
    sa.Column("sample", sa.Integer),
    sa.Column("status", sa.String, nullable=False),  # reserved, settled, unknown
    sa.Column("cached", sa.Boolean, nullable=False),
    sa.Column("reply", sa.String),
    sa.Column("tokens_in", sa.Integer),
    sa.Column("tokens_out", sa.Integer),
    sa.Column("usd", sa.Float, nullable=False),
    sa.Column("latency_s", sa.Float),
    sa.Column("process", sa.String, nullable=False),  # `exectune.process.identity`
    sa.Column("created_at", sa.Float, nullable=False),  # seconds since 1970, as settled_at
    sa.Column("settled_at", sa.Float),
    sa.Index("calls_claim", "key", unique=True, sqlite_where=CLAIM),
    sa.Index("calls_reserved", "process", sqlite_where=RESERVED),
)


class LedgerFile:
    """An open ledger file. Made where there is none.

    Raises:
        LedgerError: the file is damaged, no ledger, of another version, or cannot be written.
    """

    def __init__(self, path: Path):
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LedgerError(f"the ledger's folder {path.parent} cannot be made: {error.strerror}") from None
        url = sa.URL.create("sqlite", database=str(path))
        self._engine = sa.create_engine(url, connect_args={"timeout": BUSY_S})
        sa.event.listen(self._engine, "connect", _connected)
        sa.event.listen(self._engine, "begin", _begun)
        try:
            self._check()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """One transaction, alone on the file; committed at the end, undone by an error.

        Raises:
            LedgerError: the file cannot be used.
        """
        try:
            with self._engine.begin() as connection:
                yield connection
        except (sa.exc.IntegrityError, sqlite3.IntegrityError):
            raise  # a bug of ours
        except (sa.exc.OperationalError, sqlite3.OperationalError) as error:
            cause = getattr(error, "orig", error)
            raise LedgerError(f"the ledger {self.path} cannot be used: {cause}") from None
        except (sa.exc.DatabaseError, sqlite3.DatabaseError) as error:
            raise self._damaged(getattr(error, "orig", error)) from None

    def _check(self) -> None:
        with self.transaction() as connection:
            version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            empty = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one() == 0
            if version == 0 and empty:
                CALLS.create(connection)
                connection.exec_driver_sql(f"PRAGMA user_version={VERSION}")
            elif version != VERSION:
                what = (
                    f"a ledger of version {version}; this program knows {VERSION}" if version else "no ledger"
                )
                raise LedgerError(f"{self.path} is {what}: use the program that wrote it, or move it away")
            elif (found := connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()) != "ok":
                raise self._damaged(found)

    def _damaged(self, what: object) -> LedgerError:
        return LedgerError(
            f"the ledger {self.path} is damaged ({what}): move it away; a new one asks all anew"
        )


def _connected(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions begin in `_begun`, not in the driver
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")  # kill -9 loses nothing, a power cut the last commits


def _begun(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
