"""What the outcomes say: rates, the decomposition of failures, and paired tests.

In: the outcomes frame, one row per (arm, seed, task). Out: plain dicts that go to `metrics/evaluate.json` as they are.

Executability is measured without looking at the answer: P(valid and executed and in budget). Whether the answer was
right is another column. The paper uses the success rate with the strategy for its alpha; that one is reported beside
it, as `success_executability`. Rows with an error are calls that failed: counted, never scored.
Seeds are pooled: n counts (seed, task) rows.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from exectune.outcome import ARMS
from exectune.stats import Interval, Paired, holm, mcnemar, mean_interval, paired_bootstrap, phi, wilson

RATES = ("accuracy", "validity", "executability", "success_executability", "leak_rate")
MEANS = ("guide_tokens", "core_tokens", "usd", "latency_s")
PAIRS = (
    ("untrained", "core"),
    ("sft", "core"),
    ("rl", "core"),
    ("sft", "sft_all"),
    ("sft", "untrained"),
    ("rl", "sft"),
)

Cells = dict[str, dict[str, dict[str, Any]]]  # arm -> split -> name -> value


def with_indicators(outcomes: pl.DataFrame) -> pl.DataFrame:
    """The rows with one column per metric."""
    return outcomes.with_columns(
        accuracy=pl.col("correct"),
        validity=pl.col("valid"),
        executability=pl.col("valid") & pl.col("executed") & pl.col("in_budget"),
        success_executability=pl.col("valid") & pl.col("correct"),
        leak_rate=pl.col("leak"),
        guide_tokens=pl.col("guide_tokens_in") + pl.col("guide_tokens_out"),
        core_tokens=pl.col("core_tokens_in") + pl.col("core_tokens_out"),
    )


def scored(outcomes: pl.DataFrame) -> pl.DataFrame:
    """The rows without an error, with one column per metric."""
    return with_indicators(outcomes.filter(pl.col("error").is_null()))


def cells(outcomes: pl.DataFrame) -> list[tuple[str, str]]:
    """The (arm, split) pairs present: arms in their usual order, others after them; test before held_out."""
    present = outcomes.select("arm", "split").unique().rows()
    arms = {arm: place for place, arm in enumerate(ARMS)}
    splits = {"test": 0, "held_out": 1}
    return sorted(present, key=lambda c: (arms.get(c[0], len(arms)), c[0], splits.get(c[1], 2), c[1]))


def metrics(outcomes: pl.DataFrame, *, resamples: int, seed: int) -> Cells:
    """`arm -> split -> metric -> {value, low, high, n}`: Wilson intervals for rates, bootstrap for means.

    `error_rate` is over all rows; every other metric is over the rows without an error.
    """
    rows = scored(outcomes)
    found: Cells = {}
    for arm, split in cells(outcomes):
        here = (pl.col("arm") == arm) & (pl.col("split") == split)
        cell, total = rows.filter(here), outcomes.filter(here).height
        values = {name: wilson(int(cell[name].sum()), cell.height) for name in RATES}
        values["error_rate"] = wilson(total - cell.height, total)
        for name in MEANS:
            values[name] = mean_interval(cell[name].to_list(), resamples=resamples, seed=seed)
        found.setdefault(arm, {})[split] = {name: _interval(value) for name, value in values.items()}
    return found


def decomposition(outcomes: pl.DataFrame) -> Cells:
    """`arm -> split -> {...}`: accuracy = alpha * P(right | executed) + (1 - alpha) * P(right | not executed).

    `alpha` is executability. Each row falls into one of five counts, which add up to n: `right` and `executed_wrong`
    (executed), `right_otherwise` (right though it was not carried out as written), `not_carried_out` and `invalid`
    (wrong, and never executed). Of the failures, `bad_strategy` = invalid + executed_wrong: a better core would
    not help; the others are strategies that this core did not carry out.
    """
    rows = scored(outcomes)
    executed, right = pl.col("executability"), pl.col("accuracy")
    counts = rows.group_by("arm", "split").agg(
        n=pl.len(),
        executed=executed.sum(),
        right=(executed & right).sum(),
        executed_wrong=(executed & ~right).sum(),
        right_otherwise=(~executed & right).sum(),
        not_carried_out=(~executed & ~right & pl.col("valid")).sum(),
        invalid=(~executed & ~right & ~pl.col("valid")).sum(),
    )
    counted = {(row["arm"], row["split"]): row for row in counts.to_dicts()}
    found: Cells = {}
    for arm, split in cells(outcomes):
        here = (pl.col("arm") == arm) & (pl.col("split") == split)
        cell, total = rows.filter(here), outcomes.filter(here).height
        row = counted.get((arm, split)) or dict.fromkeys(counts.columns, 0)
        n, done = row["n"], row["executed"]
        link = phi(cell["executability"].to_list(), cell["accuracy"].to_list()) if n else None
        found.setdefault(arm, {})[split] = {
            "n": n,
            "errors": total - n,
            "alpha": _share(done, n),
            "accuracy": _share(row["right"] + row["right_otherwise"], n),
            "accuracy_executed": _share(row["right"], done),
            "accuracy_not_executed": _share(row["right_otherwise"], n - done),
            "executed": done,
            "not_executed": n - done,
            "right": row["right"],
            "right_otherwise": row["right_otherwise"],
            "executed_wrong": row["executed_wrong"],
            "not_carried_out": row["not_carried_out"],
            "invalid": row["invalid"],
            "bad_strategy": row["invalid"] + row["executed_wrong"],
            "phi": link,
        }
    return found


def pairs(outcomes: pl.DataFrame, *, resamples: int, seed: int) -> list[dict[str, Any]]:
    """Each arm against its natural baselines, on the same (seed, task) rows; a pair with an error is left out.

    Accuracy by exact McNemar; executability and USD by paired bootstrap. The core alone has no strategy, so nothing is
    compared with its executability. Holm's correction runs over the arms compared, for each split and metric.
    """
    rows = with_indicators(outcomes)
    found: list[dict[str, Any]] = []
    for split in dict.fromkeys(split for _, split in cells(outcomes)):
        for metric in ("accuracy", "executability", "usd"):
            compared = [_pair(rows, *pair, split, metric, resamples, seed) for pair in PAIRS]
            family = [row for row in compared if row is not None]
            corrected = holm([row["p"] for row in family])
            found += [row | {"p_holm": p} for row, p in zip(family, corrected, strict=True)]
    return found


def _pair(
    rows: pl.DataFrame, arm: str, baseline: str, split: str, metric: str, resamples: int, seed: int
) -> dict[str, Any] | None:
    """One paired test; None where there is nothing to compare."""
    if metric == "executability" and baseline == "core":
        return None
    here = rows.filter(pl.col("split") == split).select("arm", "seed", "task_id", "error", metric)
    ours, theirs = (here.filter(pl.col("arm") == name).drop("arm") for name in (arm, baseline))
    joined = ours.join(theirs, on=["seed", "task_id"], suffix="_baseline").sort("seed", "task_id")
    both = joined.filter(pl.col("error").is_null() & pl.col("error_baseline").is_null())
    if both.is_empty():
        return None
    a, b = both[metric].to_list(), both[f"{metric}_baseline"].to_list()
    if metric == "accuracy":
        test = mcnemar(a, b)
    else:
        numbers = [float(value) for value in a], [float(value) for value in b]
        test = paired_bootstrap(*numbers, resamples=resamples, seed=seed)
    errors = joined.height - both.height
    return {"arm": arm, "baseline": baseline, "split": split, "metric": metric} | _paired(test, errors)


def _paired(test: Paired, errors: int) -> dict[str, Any]:
    return {
        "effect": test.effect,
        "low": test.low,
        "high": test.high,
        "p": test.p,
        "n": test.n,
        "wins": test.wins,
        "losses": test.losses,
        "errors": errors,
    }


def _interval(interval: Interval) -> Mapping[str, float | int]:
    return {"value": interval.value, "low": interval.low, "high": interval.high, "n": interval.n}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
