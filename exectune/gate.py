"""Promotion gate: may the challenger become champion? Outcomes in, a decision with every bound out.

Utility of a task is 1 for a right answer less what the answer cost, in units of what a right answer is worth:
J = correct − usd ÷ usd_per_right_answer. Bounds are one-sided at 95 %; the lower bound of a difference is that of the
two-sided interval, which is stricter.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from exectune.params import Promote
from exectune.stats import paired_bootstrap, upper_bound


@dataclass(frozen=True)
class Check:
    """One condition: the measured bound and the limit that it must keep."""

    value: float
    limit: float
    passed: bool


def decide(
    challenger: pl.DataFrame, others: Mapping[str, pl.DataFrame], settings: Promote, seed: int
) -> dict[str, Check]:
    """Every check of the gate; the challenger passes when all do.

    Args:
        challenger: its outcomes.
        others: outcomes on the same tasks of `core`, alone, and of `champion` where there is one.
    """
    checks = {}
    for name, other in others.items():
        mine, theirs = _aligned(challenger, other)
        gain = paired_bootstrap(
            _utility(mine, settings), _utility(theirs, settings), resamples=10_000, seed=seed
        )
        checks[f"utility_over_{name}"] = Check(gain.low, 0.0, gain.low > 0)
    mine, alone = _aligned(challenger, others["core"])
    harmed = int((alone["correct"] & ~mine["correct"]).sum())
    n = mine.height
    checks["degradation"] = _at_most(upper_bound(harmed, n), settings.max_degradation)
    checks["leak"] = _at_most(upper_bound(int(mine["leak"].sum()), n), settings.max_leak)
    checks["usd_per_task"] = _at_most(float(mine["usd"].sum()) / max(n, 1), settings.max_usd_per_task)
    return checks


def comparable(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    """Whether two tables of outcomes are of the same questions with the same core."""
    return _same(one) == _same(other)


def _same(outcomes: pl.DataFrame) -> tuple[list[str], list[str]]:
    return sorted(outcomes["question"]), sorted(set(outcomes["core"]))


def _aligned(one: pl.DataFrame, other: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    one = one.filter(pl.col("error").is_null())
    other = other.filter(pl.col("error").is_null())
    return (
        one.join(other.select("task_id"), on="task_id", how="semi").sort("task_id"),
        other.join(one.select("task_id"), on="task_id", how="semi").sort("task_id"),
    )


def _utility(outcomes: pl.DataFrame, settings: Promote) -> list[float]:
    utility = outcomes["correct"].cast(pl.Float64) - outcomes["usd"] / settings.usd_per_right_answer
    return utility.to_list()


def _at_most(value: float, limit: float) -> Check:
    return Check(value, limit, value <= limit)
