"""Break-even of round figures."""

from typing import Any

import polars as pl
import pytest

from exectune.breakeven import break_even

LEDGER = pl.DataFrame(
    {
        "stage": ["baseline", "teacher", "accept", "rl", "rl", "evaluate"],
        "role": ["core", "teacher", "core", "core", "guide", "core"],
        "usd": [1.0, 2.0, 3.0, 4.0, 0.5, 100.0],
        "unknown_usd": [0.0, 0.0, 0.25, 0.0, 0.0, 0.0],
    }
)


def cell(accuracy: float, usd: float) -> dict[str, Any]:
    return {"accuracy": {"value": accuracy, "n": 100}, "usd": {"value": usd, "n": 100}}


def found(core: dict[str, Any], rl: dict[str, Any]) -> dict[str, Any]:
    return break_even({"core": {"test": core}, "rl": {"test": rl}}, LEDGER)["rl"]["test"]


def test_one_off_cost_is_what_made_the_arm_and_not_what_measured_it() -> None:
    arms = {arm: {"test": cell(0.5, 0.01)} for arm in ("core", "untrained", "sft_all", "sft", "rl", "gold")}
    rows = break_even(arms, LEDGER)
    once = {arm: splits["test"]["one_off_usd"] for arm, splits in rows.items()}
    assert once == {"core": 0, "untrained": 0, "sft_all": 2.0, "sft": 5.25, "rl": 10.75}


def test_cheaper_tasks_repay_the_one_off_cost() -> None:
    row = found(cell(0.5, 0.03), cell(0.5, 0.02))
    assert row["tasks_by_cost"] == 1075
    assert row["tasks_by_cost_reason"] == ""


def test_dearer_tasks_never_do_and_the_reason_says_so() -> None:
    row = found(cell(0.1, 0.01), cell(0.8, 0.02))
    assert row["tasks_by_cost"] is None
    assert row["tasks_by_cost_reason"] == (
        "never, by cost alone: a guided task costs 0.02 USD, the core alone 0.01 USD"
    )


def test_right_answers_can_repay_what_tasks_cannot() -> None:
    row = found(cell(0.1, 0.01), cell(0.8, 0.02))
    assert row["usd_per_right_answer"] == pytest.approx(0.025)
    assert row["saving_per_right_answer_usd"] == pytest.approx(0.075)
    assert row["tasks_by_right"] == 180  # 10.75 / (0.075 * 0.8), rounded up


def test_a_core_that_is_never_right_has_no_price_per_right_answer() -> None:
    row = found(cell(0.0, 0.01), cell(0.8, 0.02))
    assert row["tasks_by_right"] is None
    assert "right on none of 100 tasks" in row["tasks_by_right_reason"]


def test_an_arm_that_is_never_right_has_none_either() -> None:
    row = found(cell(0.1, 0.01), cell(0.0, 0.02))
    assert row["usd_per_right_answer"] is None
    assert row["usd_per_right_answer_reason"] == "none of 100 answers was right"
    assert row["tasks_by_right"] is None
