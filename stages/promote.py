"""promote: registers the guide, calls it challenger, and moves champion where the gate says so.

In: artifacts/evaluate/outcomes.parquet, artifacts/rl, the tasks. Out: metrics/promote.json with every bound of the
gate and the decision; a new version in MLflow's registry. By hand, any time:

    python -m stages.promote
"""

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import polars as pl

from exectune import cards, registry, stage, tracking
from exectune.base_model import base_model
from exectune.outcome import read_frame
from exectune.params import flat
from exectune.registry import Verdict
from exectune.task import SPLITS

ADAPTER = Path("artifacts/rl/adapter")
WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"


def main(this: stage.Stage) -> None:
    """Register, decide, move."""
    name = this.params.promote.model_name
    outcomes = read_frame("evaluate", "outcomes")
    tracking.log_artifact(Path("artifacts/evaluate") / registry.OUTCOMES)
    with registry.locked():
        champion = registry.settled_champion(name)
        verdict = registry.judge(outcomes, champion, this.params)
        version = register(this, outcomes, verdict)
        tracking.set_alias(name, "challenger", version.number)
        if verdict.passed:
            registry.move(name, version, champion, "it passes the gate")
    checks = {check_name: asdict(check) for check_name, check in verdict.checks.items()}
    this.write_metrics(
        {"version": version.number, "promoted": verdict.passed, "checks": checks, "note": verdict.note}
    )
    print_decision(name, version.number, verdict)


def register(this: stage.Stage, outcomes: pl.DataFrame, verdict: Verdict) -> tracking.Version:
    """The new version, with its cards and tags."""
    name, shown = this.params.promote.model_name, tags(this, outcomes, verdict)
    tasks: dict[str, pl.DataFrame] = {split: read_frame("prepare", split) for split in SPLITS}
    model_card = cards.model_card(name, shown, outcomes, verdict.checks, verdict.note)
    data_card = cards.data_card(tasks, shown.get("data_hash", "unknown"))
    with tempfile.TemporaryDirectory() as temporary:
        adapter = Path(temporary) / "adapter"
        write_adapter(adapter, this.params.models.guide, model_card)
        return tracking.register_guide(
            name, adapter, flat(this.params), shown, {"model_card.md": model_card, "data_card.md": data_card}
        )


def write_adapter(folder: Path, guide: str, card: str) -> None:
    """The trained adapter as others can use it: its base by the name that the world knows, a card, no more."""
    base = base_model(guide)
    folder.mkdir()
    shutil.copy(ADAPTER / WEIGHTS, folder)
    config = json.loads((ADAPTER / CONFIG).read_text(encoding="utf-8"))
    config |= {"base_model_name_or_path": base.name, "revision": base.commit}
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(cards.adapter_readme(base.name, card), encoding="utf-8")


def tags(this: stage.Stage, outcomes: pl.DataFrame, verdict: Verdict) -> Mapping[str, str]:
    """What the registry shows of a version: where it comes from, what it was measured to do, what the gate said."""
    base = base_model(this.params.models.guide)
    mine = outcomes.filter((pl.col("arm") == "rl") & pl.col("error").is_null())
    executed = pl.col("valid") & pl.col("executed") & pl.col("in_budget")
    rates = mine.group_by("split", maintain_order=True).agg(
        pl.col("correct").mean(), executed.mean().alias("executed"), pl.col("usd").mean()
    )
    figures = {}
    for row in rates.to_dicts():
        figures[f"accuracy.{row['split']}"] = f"{row['correct']:.4f}"
        figures[f"executability.{row['split']}"] = f"{row['executed']:.4f}"
        figures[f"usd_per_task.{row['split']}"] = f"{row['usd']:.6f}"
    gate = {
        f"gate.{check_name}": f"{check.value:.4f}, limit {check.limit:g}: {'passed' if check.passed else 'failed'}"
        for check_name, check in verdict.checks.items()
    }
    return {
        "gate": "passed" if verdict.passed else "not compared" if verdict.note else "failed",
        "core": this.params.models.core,
        **figures,
        **gate,
        "base_model": base.name,
        "base_revision": base.revision,
        "seed": str(this.params.seed),
        **tracking.provenance(),
        "adapter_sha256": registry.digest(ADAPTER),
    }


def print_decision(name: str, number: int, verdict: Verdict) -> None:
    """The decision in the log, a line a bound."""
    for check_name, check in verdict.checks.items():
        word = "passed" if check.passed else "failed"
        print(f"promote: {check_name}: bound {check.value:.4f}, limit {check.limit:g}: {word}")
    role = "challenger and champion" if verdict.passed else "challenger, not champion"
    note = f" {verdict.note}; to promote it all the same: `exectune promote --force`." if verdict.note else ""
    print(f"promote: {name} version {number} is {role}.{note}")


if __name__ == "__main__":
    stage.run("promote", main)
