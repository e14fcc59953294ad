"""Break-even: what a guide cost once, against what it saves per served task.

In: `metrics(...)` of executability.py and the ledger's totals. Out: a plain dict for `metrics/evaluate.json`; a number
that does not exist is None, with the reason in words beside it.

What an arm cost once is what the ledger holds for the stages that made it: teacher and core calls while accepting,
guide samples and core calls while training. Calls whose charge is unknown count at their reserved maximum; answers from
the cache cost nothing. The processor time of training itself is not in the ledger, so it is not in here.
"""

from collections.abc import Mapping
from math import ceil
from typing import Any

import polars as pl

STAGES_OF = {  # what had to be run to have this arm; baseline feeds the reward of rl
    "untrained": (),
    "sft_all": ("teacher",),
    "sft": ("teacher", "accept", "sft"),
    "rl": ("baseline", "teacher", "accept", "sft", "rl"),
}


def break_even(
    arms: Mapping[str, Mapping[str, Mapping[str, Any]]], ledger_totals: pl.DataFrame
) -> dict[str, dict[str, dict[str, Any]]]:
    """`arm -> split -> {...}` for the core alone and every guide that a user could serve."""
    spent = _spent(ledger_totals)
    core = arms.get("core", {})
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for arm, splits in arms.items():
        if arm != "core" and arm not in STAGES_OF:
            continue
        once = sum(spent.get(stage, 0.0) for stage in STAGES_OF.get(arm, ()))
        for split, cell in splits.items():
            alone = core.get(split)
            row = {"one_off_usd": once, **_served(cell)}
            if arm != "core" and alone is not None:
                row |= _by_cost(once, cell, alone) | _by_right_answers(once, cell, alone)
            found.setdefault(arm, {})[split] = row
    return found


def _spent(ledger_totals: pl.DataFrame) -> dict[str, float]:
    """Stage -> USD, unknown charges included."""
    charged = pl.col("usd").fill_null(0.0) + pl.col("unknown_usd").fill_null(0.0)
    totals = ledger_totals.group_by("stage").agg(usd=charged.sum())
    return dict(totals.select("stage", "usd").rows())


def _served(cell: Mapping[str, Any]) -> dict[str, Any]:
    usd, accuracy, n = cell["usd"]["value"], cell["accuracy"]["value"], cell["accuracy"]["n"]
    per_right = usd / accuracy if accuracy > 0 else None
    reason = "" if per_right is not None else f"none of {n} answers was right"
    return {
        "usd_per_task": usd,
        "usd_per_right_answer": per_right,
        "usd_per_right_answer_reason": reason,
        "n": n,
    }


def _by_cost(once: float, cell: Mapping[str, Any], alone: Mapping[str, Any]) -> dict[str, Any]:
    """Tasks after which the one-off cost is repaid by cheaper tasks."""
    guided, unguided = cell["usd"]["value"], alone["usd"]["value"]
    saving = unguided - guided
    tasks, reason = _repaid(once, saving)
    if tasks is None:
        reason = (
            f"never, by cost alone: a guided task costs {guided:.3g} USD, the core alone {unguided:.3g} USD"
        )
    return {"saving_per_task_usd": saving, "tasks_by_cost": tasks, "tasks_by_cost_reason": reason}


def _by_right_answers(once: float, cell: Mapping[str, Any], alone: Mapping[str, Any]) -> dict[str, Any]:
    """Tasks after which the one-off cost is repaid, when as many right answers are bought from the core alone.

    For the right answers of one guided task the core alone needs `accuracy / core accuracy` tasks. That takes it for
    granted that a wrong answer is recognised and costs nothing but its call.
    """
    accuracy, core_accuracy = cell["accuracy"]["value"], alone["accuracy"]["value"]
    if core_accuracy <= 0:
        reason = f"the core alone was right on none of {alone['accuracy']['n']} tasks: it has no price per right answer"
        return {"saving_per_right_answer_usd": None, "tasks_by_right": None, "tasks_by_right_reason": reason}
    if accuracy <= 0:
        reason = f"this arm was right on none of {cell['accuracy']['n']} tasks"
        return {"saving_per_right_answer_usd": None, "tasks_by_right": None, "tasks_by_right_reason": reason}
    guided, unguided = cell["usd"]["value"] / accuracy, alone["usd"]["value"] / core_accuracy
    tasks, reason = _repaid(once, (unguided - guided) * accuracy)
    if tasks is None:
        reason = f"never: a right answer costs {guided:.3g} USD with the guide, {unguided:.3g} USD from the core alone"
    return {
        "saving_per_right_answer_usd": unguided - guided,
        "tasks_by_right": tasks,
        "tasks_by_right_reason": reason,
    }


def _repaid(once: float, saving: float) -> tuple[int | None, str]:
    """Whole tasks until `once` is saved."""
    if saving <= 0:
        return None, ""
    return ceil(round(once / saving, 6)), ""
