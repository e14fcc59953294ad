"""Examples: a few tasks with what each guide wrote and what the core made of it, chosen by a rule and not by eye.

In: the outcomes. Out: plain dicts for the report. The rule: of the tasks that fit, the first by split and task id (and
the lowest seed); it stands above each example.
"""

from collections.abc import Sequence
from typing import Any

import polars as pl

from exectune.strategy import Strategy, parse

MAX_CHARS = 1200  # of a text that a model wrote, on the page
KEYS = ["seed", "task_id"]


def examples(outcomes: pl.DataFrame) -> list[dict[str, Any]]:
    """Where RL mended what SFT got wrong, where RL still fails, and what the untrained guide writes."""
    rows = outcomes.filter(pl.col("error").is_null())
    rows = rows.sort(pl.col("split") != "test", "split", "task_id", "seed")
    right, wrong = pl.col("correct"), ~pl.col("correct")
    sft, rl = (rows.filter(pl.col("arm") == arm) for arm in ("sft", "rl"))
    mended = rl.filter(right).join(sft.filter(wrong), on=KEYS, how="semi", maintain_order="left")
    obeyed = pl.col("executed") & pl.col("valid")
    untrained = rows.filter((pl.col("arm") == "untrained") & wrong)
    groups = (
        ("sft was wrong, rl is right", ("sft", "rl"), mended.head(2)),
        ("rl is wrong: not carried out", ("sft", "rl"), rl.filter(wrong & ~obeyed).head(1)),
        ("rl is wrong: carried out as written", ("sft", "rl"), rl.filter(wrong & obeyed).head(1)),
        ("the untrained guide is wrong", ("untrained", "rl"), untrained.head(1)),
    )
    return [
        _example(rows, title, arms, row)
        for title, arms, chosen in groups
        for row in chosen.iter_rows(named=True)
    ]


def _example(rows: pl.DataFrame, title: str, arms: Sequence[str], row: dict[str, Any]) -> dict[str, Any]:
    same = rows.filter((pl.col("task_id") == row["task_id"]) & (pl.col("seed") == row["seed"]))
    by_arm = {side["arm"]: side for side in same.iter_rows(named=True)}
    return {
        "title": title,
        "task_id": row["task_id"],
        "family": row["family"],
        "split": row["split"],
        "seed": row["seed"],
        "question": shortened(row["question"]),
        "gold": row["gold"],
        "sides": [_side(by_arm[arm]) for arm in arms if arm in by_arm],
    }


def _side(row: dict[str, Any]) -> dict[str, Any]:
    strategy = parse(row["strategy"], max_steps=100, max_step_chars=10_000)
    steps = strategy.steps if isinstance(strategy, Strategy) else ()
    replies = list(row["replies"]) + [""] * len(steps)
    return {
        "arm": row["arm"],
        "text": "" if steps else shortened(row["strategy"]),
        "steps": [(shortened(step), shortened(reply)) for step, reply in zip(steps, replies, strict=False)],
        "answer": row["answer"],
        "verdict": verdict(row),
        "right": row["correct"],
    }


def verdict(row: dict[str, Any]) -> str:
    """What became of one strategy, in words."""
    if not row["valid"]:
        return f"invalid strategy: {row['reason']}"
    if not row["executed"]:
        step = "" if row["failed_step"] is None else f" at step {row['failed_step']}"
        return f"not carried out{step}: {row['reason']}"
    if not row["in_budget"]:
        return "right, over budget" if row["correct"] else "over budget, and wrong"
    return "right" if row["correct"] else "carried out as written, and wrong"


def shortened(text: str) -> str:
    """A text of at most `MAX_CHARS` characters; a cut says how much is missing."""
    return (
        text if len(text) <= MAX_CHARS else f"{text[:MAX_CHARS]} … ({len(text) - MAX_CHARS} more characters)"
    )
