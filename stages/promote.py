"""promote: registers the guide, calls it challenger, and moves champion where the gate says so.

In: artifacts/evaluate/outcomes.parquet, artifacts/rl. Out: metrics/promote.json with every bound of the gate and the
decision; a new version in MLflow's registry. By hand, any time:

    python -m stages.promote
"""

from dataclasses import asdict
from pathlib import Path

import polars as pl

from exectune import stage, tracking
from exectune.gate import Check, comparable, decide
from exectune.outcome import read_frame
from exectune.params import flat

ADAPTER = Path("artifacts/rl/adapter")
OUTCOMES = "outcomes.parquet"


def main(this: stage.Stage) -> None:
    """Register, decide, move."""
    settings = this.params.promote
    name = settings.model_name
    outcomes = read_frame("evaluate", "outcomes")
    mine, alone = (outcomes.filter(pl.col("arm") == arm) for arm in ("rl", "core"))
    champion = tracking.get_alias(name, "champion")
    others, note = {"core": alone}, ""
    if champion is not None:
        theirs = pl.read_parquet(tracking.fetch_artifact(champion.run_id, OUTCOMES))
        theirs = theirs.filter(pl.col("arm") == "rl")
        if comparable(mine, theirs):
            others["champion"] = theirs
        else:
            note = (
                f"champion {champion.number} was measured on other tasks or with another core, so the two cannot "
                f"be compared; to move the alias by hand, see the README"
            )
    checks = decide(mine, others, settings, this.params.seed)
    tracking.log_artifact(Path("artifacts/evaluate") / OUTCOMES)
    version = tracking.register_guide(name, ADAPTER, flat(this.params), tags(this, mine, champion))
    tracking.set_alias(name, "challenger", version.number)
    promoted = not note and all(check.passed for check in checks.values())
    if promoted:
        tracking.set_alias(name, "champion", version.number)
    said = {check_name: asdict(check) for check_name, check in checks.items()}
    this.write_metrics({"version": version.number, "promoted": promoted, "checks": said, "note": note})
    print_decision(name, version.number, promoted, checks, note)


def tags(this: stage.Stage, mine: pl.DataFrame, champion: tracking.Version | None) -> dict[str, str]:
    """What the registry shows of a version, beside commit and data hash."""
    models = this.params.models
    figures = {
        f"accuracy.{split}": f"{int(part['correct'].sum()) / part.height:.4f}"
        for (split,), part in mine.group_by("split", maintain_order=True)
    }
    return {
        **tracking.provenance(),
        **figures,
        "base_model": models.guide,
        "core": models.core,
        "seed": str(this.params.seed),
        "champion_before": str(champion.number) if champion else "none",
    }


def print_decision(name: str, number: int, promoted: bool, checks: dict[str, Check], note: str) -> None:
    """The decision in the log, a line a bound."""
    for check_name, check in checks.items():
        word = "passed" if check.passed else "failed"
        print(f"promote: {check_name}: bound {check.value:.4f}, limit {check.limit:g}: {word}")
    print(
        f"promote: {name} version {number} is challenger{' and champion' if promoted else ', not champion'}. {note}"
    )


if __name__ == "__main__":
    stage.run("promote", main)
