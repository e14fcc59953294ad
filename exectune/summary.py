"""Summary: the evaluation in plain sentences. Each claim carries its n, its interval and, where it compares, its p."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from exectune.figures import p_clause, percent, percent_range, rate, signed, split_name, usd

LEARNT = ("untrained", "sft_all", "sft", "rl")  # the stages of a guide, in order
SPLIT_WORDS = {
    "test": "test tasks (families that the guide was trained on)",
    "held_out": "held-out tasks (families that occur in no training task)",
}


def served_arm(arms: Mapping[str, Any]) -> str | None:
    """The furthest trained guide that was evaluated."""
    return next((arm for arm in reversed(LEARNT) if arm in arms), None)


def summary(evaluation: Mapping[str, Any], outcomes: pl.DataFrame) -> list[str]:
    """Short paragraphs: what was compared, the accuracy on each split, executability, cost."""
    arms = evaluation["arms"]
    arm = served_arm(arms)
    paragraphs = [_compared(outcomes)]
    if arm is None:
        return paragraphs
    for split in arms[arm]:
        paragraphs.append(f"{_against_core(evaluation, arm, split)} {_against_sft(evaluation, arm, split)}")
    paragraphs.append(" ".join(_executability(arms, arm, split) for split in arms[arm]))
    paragraphs.append(" ".join(_cost(evaluation, arm, split) for split in arms[arm]))
    return [paragraph.strip() for paragraph in paragraphs if paragraph.strip()]


def cards(evaluation: Mapping[str, Any]) -> list[dict[str, str]]:
    """Two figures a split, before and after: accuracy with and without the guide, executability before and after."""
    arms = evaluation["arms"]
    arm = served_arm(arms)
    if arm is None:
        return []
    return [
        _card(evaluation, arm, before, split, metric)
        for split in arms[arm]
        for metric, before in (("accuracy", "core"), ("executability", "untrained"))
        if arm != before and split in arms.get(before, {})
    ]


def _card(evaluation: Mapping[str, Any], arm: str, before: str, split: str, metric: str) -> dict[str, str]:
    first, last = (evaluation["arms"][name][split][metric] for name in (before, arm))
    pair = _pair(evaluation, arm, before, split, metric)
    return {
        "title": f"{metric}, {split_name(split)}",
        "before": percent(first["value"]),
        "after": percent(last["value"]),
        "words": f"{'core alone' if before == 'core' else 'untrained guide'} → {arm} guide",
        "detail": f"{percent_range(first)} → {percent_range(last)} (95 %)",
        "test": f"n = {last['n']}" + (f", Holm {p_clause(pair['p_holm'])}" if pair else ""),
    }


def _compared(outcomes: pl.DataFrame) -> str:
    counts = dict(outcomes.group_by("split").agg(pl.col("task_id").n_unique()).rows())
    parts = [f"{counts[split]} {words}" for split, words in SPLIT_WORDS.items() if split in counts]
    seeds = ", ".join(str(seed) for seed in sorted(outcomes["seed"].unique()))
    many = "s" if "," in seeds else ""
    core = ", ".join(sorted(outcomes["core"].unique()))
    base = ", ".join(sorted(outcomes.filter(pl.col("arm") == "untrained")["guide"].unique()))
    return (
        f"{outcomes['arm'].n_unique()} arms were given the same {' and '.join(parts)}. The core, {core}, is frozen; "
        f"the guides that were trained began as {base}. Seed{many} {seeds}."
    )


def _against_core(evaluation: Mapping[str, Any], arm: str, split: str) -> str:
    arms, pair = evaluation["arms"], _pair(evaluation, arm, "core", split, "accuracy")
    if pair is None:
        return ""
    return (
        f"On {split_name(split)} the core alone was right on {rate(arms['core'][split]['accuracy'])} of the tasks, and "
        f"with the {arm} guide on {rate(arms[arm][split]['accuracy'])}: {_effect(pair)}."
    )


def _against_sft(evaluation: Mapping[str, Any], arm: str, split: str) -> str:
    pair = _pair(evaluation, arm, "sft", split, "accuracy")
    if pair is None:
        return ""
    return f"On {split_name(split)} {arm} against sft: {_effect(pair)}."


def _effect(pair: Mapping[str, Any]) -> str:
    text = (
        f"{signed(100 * pair['effect'])} points (95 % interval {signed(100 * pair['low'])} to "
        f"{signed(100 * pair['high'])}; exact McNemar {p_clause(pair['p'])}, Holm {p_clause(pair['p_holm'])}, "
        f"n = {pair['n']} pairs)"
    )
    return text if pair["p_holm"] < 0.05 else text + ", a difference that this many tasks do not establish"


def _executability(arms: Mapping[str, Any], arm: str, split: str) -> str:
    if arm == "untrained" or split not in arms.get("untrained", {}):
        return ""
    before, after = (rate(arms[name][split]["executability"]) for name in ("untrained", arm))
    return (
        f"On {split_name(split)} the core carried out {before} of the untrained guide’s strategies as written, "
        f"and {after} of the {arm} guide’s, right or not."
    )


def _cost(evaluation: Mapping[str, Any], arm: str, split: str) -> str:
    pair = _pair(evaluation, arm, "core", split, "usd")
    if pair is None:
        return ""
    guided, alone = (1000 * evaluation["arms"][name][split]["usd"]["value"] for name in (arm, "core"))
    digits = 4 if abs(pair["effect"]) < 0.001 else 2
    effect, low, high = (signed(1000 * pair[end], digits) for end in ("effect", "low", "high"))
    return (
        f"1,000 {split_name(split)} tasks cost {usd(guided)} USD with the {arm} guide and {usd(alone)} USD with the "
        f"core alone: {effect} USD (95 % interval {low} to {high}; paired bootstrap {p_clause(pair['p'])}, "
        f"Holm {p_clause(pair['p_holm'])}, n = {pair['n']} pairs)."
    )


def _pair(
    evaluation: Mapping[str, Any], arm: str, baseline: str, split: str, metric: str
) -> Mapping[str, Any] | None:
    key = (arm, baseline, split, metric)
    rows = evaluation["pairs"]
    return next(
        (row for row in rows if (row["arm"], row["baseline"], row["split"], row["metric"]) == key), None
    )
