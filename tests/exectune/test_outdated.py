from pathlib import Path

import pytest

from exectune import outdated
from exectune.errors import DataError
from exectune.ledger import Ledger
from tests.exectune.endpoints import PRICES, SAMPLING, Answering, paid
from tests.exectune.places import Place


def ask(place: Place, run_id: str, prompts: str) -> tuple[list[str], float]:
    """What the server was asked, and what all calls cost until now."""
    endpoint = Answering()
    with Ledger.open(place, stage="accept", run_id=run_id, prices=PRICES) as ledger:
        ledger.complete(paid(endpoint), prompts, SAMPLING, role="core")
        return sorted(endpoint.sent), float(ledger.totals()["usd"].sum())


def test_what_a_model_said_before_is_asked_anew_and_stays_on_the_bill(place: Place) -> None:
    _, first = ask(place, "one", "ab")
    assert ask(place, "two", "ab") == ([], first)
    assert outdated.forget(place, "test/echo") == 2
    asked, total = ask(place, "three", "abc")
    assert asked == ["a", "b", "c"]
    assert total == pytest.approx(first * 2.5)
    assert outdated.forget(place, "test/echo") == 3, "those of before are not counted again"


def test_a_model_that_the_ledger_does_not_know_is_named(place: Place) -> None:
    ask(place, "one", "a")
    with pytest.raises(DataError, match="no calls of 'gpt'; of: test/echo"):
        outdated.forget(place, "gpt")


def test_no_ledger_is_made_to_forget_from(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is missing"):
        outdated.forget(tmp_path / "ledger.sqlite", "gpt")
    assert not (tmp_path / "ledger.sqlite").exists()
