"""Report: one HTML page that needs no network, and the result table as Markdown and as plain rows.

In: the tables of the accept, training and evaluate stages, `metrics/evaluate.json`, the ledger's totals. Out: a file.
Charts are inline SVG; text from models and data is escaped by the template.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl

from exectune import charts, wordings
from exectune.candidate import OTHER_WORDING
from exectune.examples import examples
from exectune.figures import (
    count,
    number,
    p_value,
    percent,
    percent_range,
    seconds,
    signed,
    split_name,
    usd,
)
from exectune.outcome import ARMS
from exectune.stats import wilson
from exectune.summary import LEARNT, cards, served_arm, summary

ARM_WORDS = {
    "core": "the core alone, its own few-shot prompt",
    "untrained": "guide prompted with examples, not trained",
    "sft_all": "trained on all teacher strategies, unfiltered",
    "sft": "trained on the strategies that this core executed and got right",
    "rl": "sft, then GRPO with this core in the loop",
    "gold": "ceiling: gold steps in the wording that this core executes best",
}
PAIR_WORDS = {
    "accuracy": "accuracy, percentage points (exact McNemar)",
    "executability": "executability, percentage points (paired bootstrap)",
    "usd": "USD per 1,000 tasks (paired bootstrap)",
}
TOKENS = ("guide_tokens", "core_tokens")
RL_PANELS = {
    "reward": ("reward",),
    "terms of the reward: shares": ("correct", "executed", "valid"),
    "worse than the core alone, share": ("degraded",),
    "cost above the core alone, multiples": ("cost",),
    "groups with variance, share": ("groups_with_variance",),
    "USD a step": ("usd",),
}
HEADER = [
    "split", "arm", "n", "accuracy %", "executability %", "success exec. %", "leaks %", "guide tokens", "core tokens",
    "USD / 1,000 tasks", "latency s",
]  # fmt: skip
CREDENTIALS = re.compile(r"://[^/@\s]+@")  # of an address


def write_report(
    path: Path,
    *,
    outcomes: pl.DataFrame,
    baseline: pl.DataFrame,
    accepted: pl.DataFrame,
    rejected: pl.DataFrame,
    evaluation: Mapping[str, Any],
    ledger_totals: pl.DataFrame,
    rl_steps: pl.DataFrame,
    sft_steps: pl.DataFrame,
    params_text: str,
    tags: Mapping[str, str],
    shadow_prices: bool = True,
) -> None:
    """Write the page, whole or not at all. `shadow_prices`: the models are local, nobody was charged."""
    from markupsafe import Markup

    arms, used = evaluation["arms"], [arm for arm in LEARNT if arm in evaluation["arms"]]
    served = served_arm(arms)
    tried = pl.concat([accepted, rejected], how="vertical_relaxed")
    rates, shares = wordings.rates(tried), wordings.shares(outcomes, used)
    page = _template().render(
        summary=summary(evaluation, outcomes),
        cards=cards(evaluation),
        endings=charts.ENDINGS,
        shadow=shadow_prices,
        tables=[_arm_rows(arms, split) for split in _splits(arms)],
        arm_words=ARM_WORDS,
        colour=charts.arm_colour,
        pairs=_pair_tables(evaluation["pairs"]),
        cost_chart=Markup(charts.accuracy_against_cost(arms)),
        executability_chart=Markup(charts.executability(arms)),
        decomposition_chart=Markup(charts.decomposition(evaluation["decomposition"])),
        links=_link_rows(evaluation["decomposition"]),
        wordings_chart=Markup(charts.wordings(rates, shares)),
        unrecognised=wordings.unrecognised(outcomes, used),
        acceptance=_acceptance_rows(tried),
        rejections=_counts(rejected.remove(pl.col("reason") == OTHER_WORDING), "reason"),
        other_wording=rejected.filter(pl.col("reason") == OTHER_WORDING).height,
        core_alone=_baseline_rows(baseline),
        sft_chart=Markup(charts.training(sft_steps, "sft", {"SFT loss": ("loss",)})),
        rl_chart=Markup(charts.training(rl_steps, "rl", RL_PANELS)),
        rl_n=rl_steps.height,
        sft_n=sft_steps.height,
        smoothed=charts.SMOOTHED,
        reasons=_reason_rows(outcomes),
        reason_arms=_present(outcomes),
        examples=examples(outcomes),
        families=_family_rows(outcomes, served),
        served=served,
        ledger=_ledger_rows(ledger_totals),
        break_even=_break_even_rows(evaluation.get("break_even", {})),
        params_text=CREDENTIALS.sub("://…@", params_text),
        tags={name: CREDENTIALS.sub("://…@", str(value)) for name, value in tags.items()},
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(page, encoding="utf-8")
    temporary.rename(path)


def markdown_table(evaluation: Mapping[str, Any]) -> str:
    """The result table in Markdown, intervals in brackets."""
    header, *rows = plain_rows(evaluation)
    rule = ["---", "---", *["---:"] * (len(header) - 2)]
    return "\n".join(f"| {' | '.join(row)} |" for row in [header, rule, *rows])


def plain_rows(evaluation: Mapping[str, Any]) -> list[list[str]]:
    """The result table as text cells, the header first."""
    arms = evaluation["arms"]
    rows = [
        [split_name(split), row["arm"], str(row["n"])]
        + [value if not interval else f"{value} ({interval})" for value, interval in row["cells"]]
        for split in _splits(arms)
        for row in _arm_rows(arms, split)["rows"]
    ]
    return [HEADER, *rows]


def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"percent": percent, "usd": usd, "number": number, "split_name": split_name}
    return environment.from_string(files("exectune").joinpath("report.html.j2").read_text(encoding="utf-8"))


def _splits(arms: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(split for splits in arms.values() for split in splits))


def _present(outcomes: pl.DataFrame) -> list[str]:
    present = set(outcomes["arm"])
    return [arm for arm in ARMS if arm in present] + sorted(present - set(ARMS))


def _arm_rows(arms: Mapping[str, Any], split: str) -> dict[str, Any]:
    rows = [_arm_row(arm, splits[split]) for arm, splits in arms.items() if split in splits]
    return {"split": split, "rows": rows}


def _arm_row(arm: str, cell: Mapping[str, Any]) -> dict[str, Any]:
    """An arm's cells: value and interval; what a strategy would be needed for is – for the core alone."""
    none = ("–", "")
    rates = {
        name: (percent(cell[name]["value"]), percent_range(cell[name]))
        for name in ("accuracy", "executability", "success_executability", "leak_rate")
    }
    if arm == "core":
        rates |= dict.fromkeys(("executability", "success_executability", "leak_rate"), none)
    tokens = [
        none if (arm, name) == ("core", "guide_tokens") else _mean(cell[name], count) for name in TOKENS
    ]
    cost = _mean({end: 1000 * cell["usd"][end] for end in ("value", "low", "high")}, number)
    latency = _mean(cell["latency_s"], seconds)
    n = cell["accuracy"]["n"]
    return {
        "arm": arm,
        "n": n,
        "errors": cell["error_rate"]["n"] - n,
        "cells": [*rates.values(), *tokens, cost, latency],
    }


def _mean(cell: Mapping[str, Any], written: Callable[[float], str]) -> tuple[str, str]:
    return written(cell["value"]), f"{written(cell['low'])}–{written(cell['high'])}"


def _pair_tables(pairs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One table a measure and split, in the order of the evaluation."""
    tables: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in pairs:
        tables.setdefault((row["metric"], row["split"]), []).append(_pair_row(row))
    return [
        {"metric": metric, "words": PAIR_WORDS[metric], "split": split, "rows": rows}
        for (metric, split), rows in sorted(
            tables.items(), key=lambda item: list(PAIR_WORDS).index(item[0][0])
        )
    ]


def _pair_row(row: Mapping[str, Any]) -> dict[str, Any]:
    factor = 1000 if row["metric"] == "usd" else 100
    digits = 1 if factor == 100 else 4 if abs(row["effect"]) < 0.001 else 2
    effect, low, high = (signed(factor * row[name], digits) for name in ("effect", "low", "high"))
    return {
        **row,
        "effect": effect,
        "range": f"{low} to {high}",
        "more": row["wins"],
        "less": row["losses"],
        "p": p_value(row["p"]),
        "p_holm": p_value(row["p_holm"]),
        "established": row["p_holm"] < 0.05,
    }


def _link_rows(cells: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"arm": arm, "split": split, **cells[arm][split]}
        for split in _splits(cells)
        for arm in cells
        if split in cells[arm]
    ]


def _acceptance_rows(tried: pl.DataFrame) -> list[dict[str, Any]]:
    """One row a round: strategies tried, and those carried out and right."""
    kept = pl.col("accepted") | (pl.col("reason") == OTHER_WORDING)
    counts = tried.group_by("round").agg(n=pl.len(), kept=kept.sum()).sort("round")
    return [
        {"round": row["round"], "n": row["n"], "kept": row["kept"], "share": wilson(row["kept"], row["n"])}
        for row in counts.iter_rows(named=True)
    ]


def _counts(frame: pl.DataFrame, column: str) -> list[tuple[str, int]]:
    counts = frame.group_by(column).len().sort("len", column, descending=[True, False])
    return [(value or "carried out, and wrong", n) for value, n in counts.rows()]


def _baseline_rows(baseline: pl.DataFrame) -> list[dict[str, Any]]:
    rows = (
        baseline.filter(pl.col("error").is_null())
        .group_by("split")
        .agg(n=pl.len(), right=pl.col("correct").sum())
    )
    order = {"train": 0, "dev": 1, "test": 2, "held_out": 3}
    return [
        {"split": row["split"], "right": row["right"], "n": row["n"], "share": wilson(row["right"], row["n"])}
        for row in sorted(rows.to_dicts(), key=lambda row: order.get(row["split"], 4))
    ]


def _reason_rows(outcomes: pl.DataFrame) -> list[dict[str, Any]]:
    """Each reason with its count per arm: strategies that are invalid, then those not carried out, then errors."""
    kind = (
        pl.when(pl.col("error").is_not_null())
        .then(pl.lit("error, not scored"))
        .when(~pl.col("valid"))
        .then(pl.lit("invalid strategy"))
        .when(~pl.col("executed"))
        .then(pl.lit("not carried out"))
        .when(~pl.col("in_budget"))
        .then(pl.lit("over budget"))
    )
    reason = pl.when(pl.col("error").is_not_null()).then(pl.col("error")).otherwise(pl.col("reason"))
    rows = outcomes.select("arm", kind=kind, reason=reason).drop_nulls("kind")
    counts = rows.group_by("kind", "reason", "arm").len()
    found: dict[tuple[str, str], dict[str, int]] = {}
    for kind_name, name, arm, n in counts.rows():
        found.setdefault((kind_name, name), {})[arm] = n
    places = ["invalid strategy", "not carried out", "over budget", "error, not scored"]
    ordered = sorted(
        found.items(), key=lambda item: (places.index(item[0][0]), -sum(item[1].values()), item[0])
    )
    return [{"kind": kind_name, "reason": name, "counts": by_arm} for (kind_name, name), by_arm in ordered]


def _family_rows(outcomes: pl.DataFrame, arm: str | None) -> list[dict[str, Any]]:
    """The served arm's accuracy a family, the worst first, beside the core alone."""
    rows = outcomes.filter(pl.col("error").is_null() & pl.col("arm").is_in([arm, "core"]))
    counts = rows.group_by("split", "family", "arm").agg(n=pl.len(), right=pl.col("correct").sum())
    alone = {(row["split"], row["family"]): row for row in counts.to_dicts() if row["arm"] == "core"}
    found = [
        {
            "split": row["split"],
            "family": row["family"],
            "right": row["right"],
            "n": row["n"],
            "share": wilson(row["right"], row["n"]),
            "alone": alone.get((row["split"], row["family"])),
        }
        for row in counts.to_dicts()
        if row["arm"] == arm
    ]
    return sorted(found, key=lambda row: (row["right"] / row["n"], -row["n"], row["split"], row["family"]))


def _ledger_rows(totals: pl.DataFrame) -> dict[str, Any]:
    columns = ["calls", "cached", "tokens_in", "tokens_out", "usd", "latency_s", "unknown_usd"]
    both = totals.group_by("stage", "role", maintain_order=True).agg(pl.col(columns).sum())
    stages = ("prepare", "baseline", "teacher", "accept", "sft", "rl", "evaluate", "promote")
    order = {stage: place for place, stage in enumerate(stages)}
    rows = sorted(both.to_dicts(), key=lambda row: (order.get(row["stage"], len(order)), row["role"]))
    return {"rows": rows, "total": totals.select(pl.col(columns).sum()).to_dicts()[0]}


def _break_even_rows(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"arm": arm, "split": split, **row}
        for split in _splits(found)
        for arm, splits in found.items()
        for row in [splits.get(split)]
        if row is not None
    ]
