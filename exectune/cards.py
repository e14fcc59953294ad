"""Cards: what a registered guide is and what it was trained on, as Markdown.

In: outcomes of the evaluation, the gate's verdict, the tasks, tags. Out: the model card, the data card, and the
adapter's own README, which starts with what the Hugging Face hub reads.
"""

from collections.abc import Mapping

import polars as pl

from exectune.figures import SPLIT_NAMES, rate
from exectune.gate import Check
from exectune.stats import wilson

ARMS = {"core": "core alone", "rl": "core with this guide"}


def model_card(
    title: str, tags: Mapping[str, str], outcomes: pl.DataFrame, checks: Mapping[str, Check], note: str
) -> str:
    """What the guide is, what it was measured to do, how to load it, and what it is not for."""
    verdict = [
        f"| {name} | {check.value:.4f} | {check.limit:g} | {'yes' if check.passed else 'no'} |"
        for name, check in checks.items()
    ]
    return f"""# {title}

A LoRA adapter that makes `{tags["base_model"]}` a guide: it writes a strategy, \
which the core `{tags["core"]}` carries out. It was trained for that core and is good for no other.

## Measured

| tasks | arm | right | executed | USD a 1,000 |
|---|---|---|---|---|
{_figures(outcomes)}

None of these tasks was trained on. Held-out tasks are of other families. In brackets: 95 % interval.

## Gate

| check | bound | limit | kept |
|---|---|---|---|
{chr(10).join(verdict)}
{f"{chr(10)}{note[:1].upper()}{note[1:]}.{chr(10)}" if note else ""}
## Use

Guide and core together, and the guide alone with plain PEFT:

    mlflow.pyfunc.load_model("models:/{title}@champion")
    PeftModel.from_pretrained(base, "artifacts/adapter")

Base: {tags["base_model"]} ({tags["base_revision"]}). Commit: {tags.get("git_commit", "unknown")}. Seed: {tags["seed"]}.
"""


def data_card(tasks: Mapping[str, pl.DataFrame], data_hash: str) -> str:
    """How many tasks of what kind; `tasks` is a table a split."""
    rows = [
        f"| {SPLIT_NAMES.get(split, split)} | {table.height} | {table['family'].n_unique()} "
        f"| {_values(table, 'domain')} | {_values(table, 'source')} | {_values(table, 'licence')} |"
        for split, table in tasks.items()
        if table.height
    ]
    return f"""# Data

| split | tasks | families | domain | source | licence |
|---|---|---|---|---|---|
{chr(10).join(rows)}

Trained on `train` alone, and there on the strategies that the core executed and got right. \
Hash of the data, as DVC knows it: `{data_hash}`.
"""


def adapter_readme(base: str, card: str) -> str:
    """The model card as the hub wants it beside an adapter."""
    return f"---\nbase_model: {base}\nlibrary_name: peft\npipeline_tag: text-generation\n---\n\n{card}"


def _figures(outcomes: pl.DataFrame) -> str:
    rows = []
    answered = outcomes.filter(pl.col("error").is_null())
    for split, name in SPLIT_NAMES.items():
        for arm, who in ARMS.items():
            part = answered.filter((pl.col("split") == split) & (pl.col("arm") == arm))
            if part.height:
                right, executed = (
                    _rate(part["correct"]),
                    _rate(part["valid"] & part["executed"] & part["in_budget"]),
                )
                rows.append(
                    f"| {name} | {who} | {right} | {executed} | {1000 * part['usd'].sum() / part.height:.3f} |"
                )
    return "\n".join(rows)


def _rate(column: pl.Series) -> str:
    cell = wilson(int(column.sum()), column.len())
    return rate({"value": cell.value, "low": cell.low, "high": cell.high, "n": cell.n})


def _values(table: pl.DataFrame, column: str) -> str:
    found = sorted(value for value in table[column].unique().to_list() if value)
    return ", ".join(found[:3]) + (" …" if len(found) > 3 else "") or "not given"
