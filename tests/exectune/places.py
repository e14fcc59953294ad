"""Where a ledger may be: a file, or a database of its own on a real PostgreSQL server that the environment names.

EXECTUNE_TEST_POSTGRES=postgresql://user:password@127.0.0.1:5432/postgres python -m pytest tests/exectune
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

Place = Path | str
SERVER = "EXECTUNE_TEST_POSTGRES"


def engine_url(place: Place) -> str:
    """As SQLAlchemy takes it."""
    if isinstance(place, Path):
        place.parent.mkdir(exist_ok=True)
        return f"sqlite:///{place}"
    return place.replace("postgresql://", "postgresql+psycopg://", 1)


@contextmanager
def database() -> Iterator[str]:
    """A new, empty database; the test is skipped where there is no server."""
    server = os.environ.get(SERVER)
    if not server:
        pytest.skip(f"no PostgreSQL: {SERVER} is not set to the URL of a server that may be written to")
    name = f"exectune_{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(engine_url(server), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    engine.dispose()
