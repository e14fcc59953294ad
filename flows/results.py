"""Results: what a retraining gave, in rows and words. In: metrics, MLflow's runs. Out: for terminal and UI."""

from collections.abc import Sequence
from typing import Any

from exectune.tracking import Child

SPLITS = {"test": "test", "held_out": "held-out"}
COMPARED = (("rl", "core"), ("rl", "sft"), ("sft", "sft_all"), ("sft", "untrained"))
COUNTS = {"calls": "calls", "cached": "in ledger", "tokens_in": "tokens in", "tokens_out": "tokens out"}
AMOUNTS = {"usd": "USD", "unknown_usd": "unknown USD"}


def result_rows(metrics: dict[str, Any]) -> list[dict[str, str]]:
    """metrics/evaluate.json → the table: a row a split and arm, with accuracy, executability, cost."""
    rows = []
    for split, title in SPLITS.items():
        for arm, splits in metrics["arms"].items():
            if split not in splits:  # own data may have no held-out families
                continue
            cell = splits[split]
            accuracy = cell["accuracy"]
            rows.append(
                {
                    "tasks": title,
                    "arm": arm,
                    "right": f"{accuracy['value']:.1%}",
                    "95 % interval": f"{accuracy['low']:.1%} to {accuracy['high']:.1%}",
                    "executed": f"{cell['executability']['value']:.1%}",
                    "USD/1,000": f"{1000 * cell['usd']['value']:.3f}",
                    "n": str(accuracy["n"]),
                }
            )
    return rows


def comparison_lines(metrics: dict[str, Any]) -> list[str]:
    """The paired differences in accuracy that the method claims, a sentence each."""
    return [
        f"{pair['arm']} against {pair['baseline']}, {SPLITS[pair['split']]}: {100 * pair['effect']:+.1f} points "
        f"({100 * pair['low']:+.1f} to {100 * pair['high']:+.1f}), p = {pair['p_holm']:.2g}, n = {pair['n']}"
        for pair in metrics["pairs"]
        if pair["metric"] == "accuracy" and (pair["arm"], pair["baseline"]) in COMPARED
    ]


def bill_rows(stages: Sequence[Child]) -> list[dict[str, str]]:
    """The ledger's figures that the stages' runs logged → a row a stage and role, and their sum in USD."""
    rows, sums = [], dict.fromkeys(AMOUNTS, 0.0)
    for stage in stages:
        for role in sorted({key.split(".")[1] for key in stage.metrics if key.count(".") == 2}):
            figures = {name: stage.metrics.get(f"ledger.{role}.{name}") for name in (*COUNTS, *AMOUNTS)}
            if figures["calls"] is None:
                continue
            row = {"stage": stage.name, "role": role}
            row |= {title: f"{figures[name] or 0:,.0f}" for name, title in COUNTS.items()}
            row |= {title: f"{figures[name] or 0:.6f}" for name, title in AMOUNTS.items()}
            rows.append(row)
            sums = {name: value + (figures[name] or 0) for name, value in sums.items()}
    total = {"stage": "all", "role": ""} | dict.fromkeys(COUNTS.values(), "")
    return [*rows, total | {title: f"{sums[name]:.6f}" for name, title in AMOUNTS.items()}]
