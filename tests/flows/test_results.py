from typing import Any

from exectune.tracking import Child
from flows.results import bill_rows, comparison_lines
from tests.flows.metrics import METRICS


def test_only_the_claimed_comparisons_are_told() -> None:
    pair: dict[str, Any] = METRICS["pairs"][0]
    others = [pair | {"metric": "usd"}, pair | {"arm": "gold"}]
    assert comparison_lines({"pairs": [pair, *others]}) == comparison_lines(METRICS)


def test_the_bill_has_a_row_a_stage_and_role_and_their_sum() -> None:
    figures = {
        "calls": 1200.0,
        "cached": 200.0,
        "tokens_in": 5e5,
        "tokens_out": 7e4,
        "usd": 0.5,
        "unknown_usd": 0.25,
    }
    paid = {f"ledger.core.{name}": value for name, value in figures.items()}
    stages = [
        Child("r1", "prepare", {"ledger.usd": 0.0, "train.n.good": 3.0}),
        Child("r2", "accept", paid | {"ledger.usd": 0.5}),
        Child("r3", "evaluate", paid | {"ledger.guide.calls": 2.0, "ledger.guide.usd": 0.125}),
    ]
    rows = bill_rows(stages)
    assert [(row["stage"], row["role"], row["USD"]) for row in rows] == [
        ("accept", "core", "0.500000"),
        ("evaluate", "core", "0.500000"),
        ("evaluate", "guide", "0.125000"),
        ("all", "", "1.125000"),
    ]
    assert rows[0]["calls"] == "1,200"
    assert rows[-1]["unknown USD"] == "0.500000"
