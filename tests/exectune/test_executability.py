"""Outcomes of a dozen rows, whose figures can be counted by hand."""

import json
import time
from typing import Any

import polars as pl
import pytest

from exectune.executability import decomposition, metrics, pairs
from exectune.outcome import SCHEMA

STRATEGY = "<strategy>\n1. Add 2 to 3.\n</strategy>"


def row(
    arm: str, task: int, *, valid: bool = True, executed: bool = True, correct: bool = True, **more: Any
) -> dict[str, Any]:
    return {
        "run_id": "r", "arm": arm, "seed": 0, "task_id": f"test-{task:04d}", "split": "test", "family": "pens",
        "domain": "maths", "guide": "" if arm == "core" else "small", "core": "small", "protocol": "program-1",
        "question": "How many pens?", "strategy": STRATEGY, "valid": valid, "reason": "", "executed": executed,
        "in_budget": True, "correct": correct, "leak": False, "answer": "5", "gold": "5", "replies": ["3 + 2"],
        "failed_step": None, "guide_tokens_in": 10, "guide_tokens_out": 5, "core_tokens_in": 20, "core_tokens_out": 4,
        "usd": 0.002, "latency_s": 0.5, "cached": False, "error": None,
    } | more  # fmt: skip


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA)


def mixed() -> pl.DataFrame:
    """rl: 4 right, 1 right over budget, 2 executed and wrong, 2 not carried out, 1 invalid, 1 error."""
    return frame(
        [row("rl", task) for task in range(4)]
        + [row("rl", 4, in_budget=False)]
        + [row("rl", task, correct=False) for task in (5, 6)]
        + [row("rl", task, executed=False, correct=False) for task in (7, 8)]
        + [row("rl", 9, valid=False, executed=False, correct=False, reason="leak", leak=True)]
        + [row("rl", 10, error="timeout")]
        + [row("core", task, correct=task == 9) for task in range(11)]
    )


def test_executability_does_not_look_at_the_answer() -> None:
    cell = metrics(mixed(), resamples=200, seed=0)["rl"]["test"]
    assert cell["executability"]["value"] == pytest.approx(6 / 10)
    assert cell["accuracy"]["value"] == pytest.approx(5 / 10)
    assert cell["success_executability"]["value"] == pytest.approx(5 / 10)
    assert cell["validity"]["value"] == pytest.approx(9 / 10)
    assert cell["leak_rate"]["value"] == pytest.approx(1 / 10)
    assert cell["executability"]["low"] < 0.6 < cell["executability"]["high"]


def test_an_error_is_counted_and_never_scored() -> None:
    cell = metrics(mixed(), resamples=200, seed=0)["rl"]["test"]
    assert {cell[name]["n"] for name in ("accuracy", "executability", "usd", "latency_s")} == {10}
    assert cell["error_rate"] == {"value": pytest.approx(1 / 11), "low": cell["error_rate"]["low"],
                                  "high": cell["error_rate"]["high"], "n": 11}  # fmt: skip
    assert decomposition(mixed())["rl"]["test"]["errors"] == 1


def test_means_carry_both_sides_tokens_and_an_interval() -> None:
    cell = metrics(mixed(), resamples=200, seed=0)["rl"]["test"]
    assert cell["guide_tokens"]["value"] == 15
    assert cell["core_tokens"]["value"] == 24
    assert cell["usd"]["low"] <= cell["usd"]["value"] <= cell["usd"]["high"]


def test_accuracy_is_the_mixture_over_executed_and_not_executed() -> None:
    cell = decomposition(mixed())["rl"]["test"]
    mixture = cell["alpha"] * cell["accuracy_executed"] + (1 - cell["alpha"]) * cell["accuracy_not_executed"]
    assert mixture == pytest.approx(cell["accuracy"], abs=1e-12)
    assert cell["accuracy"] == 0.5


def test_every_task_has_one_ending() -> None:
    cell = decomposition(mixed())["rl"]["test"]
    endings = ("right", "right_otherwise", "executed_wrong", "not_carried_out", "invalid")
    assert [cell[name] for name in endings] == [4, 1, 2, 2, 1]
    assert sum(cell[name] for name in endings) == cell["n"] == 10
    assert cell["bad_strategy"] == 3
    assert cell["phi"] == pytest.approx((4 * 3 - 2 * 1) / (6 * 4 * 5 * 5) ** 0.5)


def test_nothing_executed_leaves_the_conditional_accuracy_open() -> None:
    cell = decomposition(frame([row("rl", 0, executed=False, correct=False)]))["rl"]["test"]
    assert cell["accuracy_executed"] is None
    assert cell["phi"] is None


def test_pairs_match_tasks_and_leave_errors_out() -> None:
    found = pairs(mixed(), resamples=500, seed=0)
    accuracy = next(pair for pair in found if pair["metric"] == "accuracy")
    assert (accuracy["arm"], accuracy["baseline"], accuracy["n"], accuracy["errors"]) == ("rl", "core", 10, 1)
    assert (accuracy["wins"], accuracy["losses"]) == (5, 1)
    assert accuracy["effect"] == pytest.approx(0.4)
    assert accuracy["p"] == pytest.approx(2 * (1 + 6) / 2**6)


def test_the_core_alone_has_no_executability_to_compare_with() -> None:
    assert "executability" not in {pair["metric"] for pair in pairs(mixed(), resamples=200, seed=0)}


def test_holm_corrects_over_the_arms_of_one_split_and_metric() -> None:
    rows = [
        row(arm, task, correct=right)
        for arm, right in (("core", False), ("sft", True), ("rl", True))
        for task in range(12)
    ]
    found = {
        (p["arm"], p["baseline"]): p
        for p in pairs(frame(rows), resamples=200, seed=0)
        if p["metric"] == "accuracy"
    }
    assert set(found) == {("sft", "core"), ("rl", "core"), ("rl", "sft")}
    assert found["sft", "core"]["p_holm"] == pytest.approx(3 * found["sft", "core"]["p"])
    assert found["rl", "sft"]["p_holm"] == 1.0


def test_all_of_it_is_json_even_where_an_arm_only_failed() -> None:
    outcomes = pl.concat([mixed(), frame([row("gold", 0, error="timeout")])])
    arms = metrics(outcomes, resamples=200, seed=0)
    rest = [pairs(outcomes, resamples=200, seed=0), decomposition(outcomes)]
    json.dumps([arms, *rest], allow_nan=False)
    assert arms["gold"]["test"]["accuracy"]["n"] == 0


def test_twelve_cells_with_ten_thousand_resamples_take_seconds() -> None:
    arms = ("core", "untrained", "sft_all", "sft", "rl", "gold")
    rows = [
        row(arm, task, split=split, usd=0.001 * (task % 7), latency_s=0.1 * (task % 5))
        for arm in arms
        for split, n in (("test", 200), ("held_out", 120))
        for task in range(n)
    ]
    start = time.perf_counter()
    metrics(frame(rows), resamples=10_000, seed=0)
    assert time.perf_counter() - start < 6  # about 1.5 s on a quiet machine
