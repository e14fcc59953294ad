from pathlib import Path

import pytest

from exectune.ledger_place import ledger_place


def test_the_ledger_is_a_file_here_unless_the_environment_names_a_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("EXECTUNE_LEDGER_URL", raising=False)
    assert ledger_place() == Path(".exectune/ledger.sqlite")
    monkeypatch.setenv("EXECTUNE_LEDGER_URL", "postgresql://host/ledger")
    assert ledger_place() == "postgresql://host/ledger"
    monkeypatch.setenv("EXECTUNE_LEDGER_URL", "")
    assert ledger_place() == Path(".exectune/ledger.sqlite")
