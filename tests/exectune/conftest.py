from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.exectune.places import Place, database


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Where a ledger can be made: in a file, and in PostgreSQL where there is a server."""
    if request.param == "sqlite":
        yield tmp_path / "sub" / "ledger.sqlite"
        return
    with database() as url:
        yield url
