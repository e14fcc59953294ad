import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from exectune.budgets import Budgets
from exectune.cores.base import Reply
from exectune.errors import BudgetReached
from exectune.ledger import Ledger
from exectune.prices import Price
from tests.exectune.endpoints import PRICES, SAMPLING, Answering, paid
from tests.exectune.places import Place

ROOT = Path(__file__).parents[2]
MOST = (64 + 1) * 1.0 / 1e6 + 16 * 5.0 / 1e6  # of a call with a prompt of one byte
USED = (10 * 1.0 + 5 * 5.0) / 1e6

SPENDER = """
import sys
from pathlib import Path
from exectune.budgets import Budgets
from exectune.calls import Limits, PaidModel
from exectune.ledger import Ledger
from exectune.errors import BudgetReached
from tests.exectune.endpoints import PRICES, SAMPLING, Answering

me, place = sys.argv[1], sys.argv[2] if "://" in sys.argv[2] else Path(sys.argv[2])
model = PaidModel(Answering(delay=0.002), Limits(concurrency=4))
budgets = Budgets(day_usd=float(sys.argv[3]))
with Ledger.open(place, stage="accept", run_id=me, prices=PRICES, budgets=budgets) as ledger:
    try:
        ledger.complete(model, [f"{me} {i}" for i in range(200)], SAMPLING, role="core")
    except BudgetReached:
        sys.exit(3)
"""


def opened(place: Place, budgets: Budgets, run_id: str = "run", stage: str = "accept") -> Ledger:
    return Ledger.open(place, stage=stage, run_id=run_id, prices=PRICES, budgets=budgets)


def test_a_stage_stops_before_the_call_that_could_exceed_its_budget(place: Place) -> None:
    endpoint = Answering()
    with opened(place, Budgets(stage_usd=MOST * 3)) as ledger:
        with pytest.raises(BudgetReached, match=r"budgets\.stage_usd.*raise budgets\.stage_usd in params"):
            ledger.complete(paid(endpoint, concurrency=1), "abcdefghijklmnop", SAMPLING, role="core")
        (total,) = ledger.totals().to_dicts()
    assert total["usd"] <= MOST * 3
    assert total["usd"] + MOST > MOST * 3, "it stops only where the next call may not fit"
    assert total["calls"] == len(endpoint.sent) == round(total["usd"] / USED)


def test_after_the_budget_is_raised_nothing_answered_is_paid_again(place: Place) -> None:
    first, second = Answering(), Answering()
    with opened(place, Budgets(run_usd=MOST * 2)) as ledger, pytest.raises(BudgetReached):
        ledger.complete(paid(first, concurrency=2), "abcdefghij", SAMPLING, role="core")
    with opened(place, Budgets(run_usd=1.0)) as ledger:
        answers = ledger.complete(paid(second, concurrency=2), "abcdefghij", SAMPLING, role="core")
    assert [answer.reply.text for answer in answers] == list("ABCDEFGHIJ")
    assert sorted(first.sent + second.sent) == list("abcdefghij")


@pytest.mark.parametrize(
    ("budgets", "other_run", "other_stage"),
    [
        (Budgets(run_usd=MOST), False, True),
        (Budgets(stage_usd=MOST), True, True),
        (Budgets(day_usd=MOST), False, False),
        (Budgets(run_tokens=65 + 16), False, True),
        (Budgets(day_tokens=65 + 16), False, False),
    ],
)
def test_a_budget_holds_for_what_it_is_named_for(
    place: Place, budgets: Budgets, other_run: bool, other_stage: bool
) -> None:
    """The first call fits exactly, and what it used up does not leave enough for another one."""
    with opened(place, budgets) as ledger:
        ledger.complete(paid(Answering()), ["a"], SAMPLING, role="core")
        with pytest.raises(BudgetReached):
            ledger.complete(paid(Answering()), ["b"], SAMPLING, role="core")
    with opened(place, budgets, run_id="another") as ledger:
        if budgets.day_usd or budgets.day_tokens:
            with pytest.raises(BudgetReached):
                ledger.complete(paid(Answering()), ["c"], SAMPLING, role="core")
        else:
            ledger.complete(paid(Answering()), ["c"], SAMPLING, role="core")
    with opened(place, budgets, stage="evaluate") as ledger:
        if budgets.stage_usd:
            ledger.complete(paid(Answering()), ["d"], SAMPLING, role="core")
        else:
            with pytest.raises(BudgetReached):
                ledger.complete(paid(Answering()), ["d"], SAMPLING, role="core")


def test_what_may_have_been_billed_counts(place: Place) -> None:
    endpoint = Answering(faults={"a": ["drop_after"]})
    with opened(place, Budgets(run_usd=MOST * 1.5)) as ledger:
        with pytest.raises(BudgetReached):
            ledger.complete(paid(endpoint), ["a"], SAMPLING, role="core")
        (total,) = ledger.totals().to_dicts()
    assert endpoint.sent == ["a"], "the second attempt did not fit"
    assert total["unknown_usd"] == pytest.approx(MOST)


def test_a_local_model_costs_no_budget(place: Place) -> None:
    from tests.scripted import core

    with opened(place, Budgets(run_usd=1e-9)) as ledger:
        assert len(ledger.complete(core(), ["a", "b"], SAMPLING, role="core")) == 2


def test_the_dearest_way_to_read_a_token_is_reserved(place: Place) -> None:
    prices = {"core": Price(1.0, 5.0, cache_read=0.1, cache_write=1.25)}
    endpoint = Answering(reply=Reply("x", 0, 16, 0.1, tokens_cache_write=65))
    budgets = Budgets(run_usd=65 * 1.25e-6 + 16 * 5e-6)
    with Ledger.open(place, stage="s", run_id="r", prices=prices, budgets=budgets) as ledger:
        ledger.complete(paid(endpoint), ["a"], SAMPLING, role="core")
        assert ledger.totals()["usd"].sum() == pytest.approx(budgets.run_usd)


def test_sixteen_processes_never_spend_more_than_one_budget(place: Place) -> None:
    budget = USED * 1000
    with opened(place, Budgets()):
        pass
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    spenders = [
        subprocess.Popen([sys.executable, "-c", SPENDER, str(me), str(place), str(budget)], env=environment)
        for me in range(16)
    ]
    codes = [spender.wait() for spender in spenders]
    with opened(place, Budgets()) as ledger:
        total = ledger.totals()
    spent = float(total.select((pl.col("usd") + pl.col("unknown_usd")).sum()).item())
    assert set(codes) <= {0, 3}
    assert codes.count(3) > 8, "3,200 calls, money for about 1,000: most spenders are stopped"
    assert spent <= budget + 1e-9
    assert spent + 16 * 4 * MOST > budget, "and not much before it is spent"
