"""Guides in a registry: small real ones, whose outcomes are made up and whose adapter is a few bytes."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import mlflow

from exectune import registry, tracking
from exectune.outcome import to_frame, write_frame
from exectune.params import Params
from tests.scripted import outcome

ROOT = Path(__file__).parents[2]
TASKS = 300  # enough for the bounds of the gate in params.yaml
NAME = "exectune-guide"


@dataclass(frozen=True)
class Measured:
    """What is registered: right on so many of the tasks, with this core."""

    right: int = 200
    core: str = "smollm2-135m"
    with_figures: bool = True


def prepare(project: Path) -> None:
    """What registering needs in the working folder."""
    (project / "mlflow_project").mkdir()
    shutil.copy(ROOT / "mlflow_project/guide_model.py", project / "mlflow_project")
    shutil.copy(ROOT / "params.yaml", project)


def register(
    params: Params, measured: Measured = Measured(), weights: bytes = b"weights"
) -> tracking.Version:
    """Register a version, as the promote stage does, and call it challenger."""
    adapter = Path("adapter")
    adapter.mkdir(exist_ok=True)
    (adapter / "adapter_model.safetensors").write_bytes(weights)
    rows = [
        outcome(task_id=f"t{n}", question=f"q{n}", arm=arm, correct=arm == "rl" and n < measured.right)
        for arm in ("core", "rl")
        for n in range(TASKS)
    ]
    write_frame(to_frame(rows), Path("figures") / registry.OUTCOMES)
    tags = {"core": measured.core, "adapter_sha256": registry.digest(adapter)}
    with tracking.stage_run("promote", {}):
        if measured.with_figures:
            tracking.log_artifact(Path("figures") / registry.OUTCOMES)
        version = tracking.register_guide(
            NAME, adapter, {"seed": params.seed}, tags, {"model_card.md": "# Guide"}
        )
    tracking.set_alias(NAME, "challenger", version.number)
    return version


def aliases() -> dict[str, int]:
    """Which version each alias names."""
    found = {alias: tracking.get_alias(NAME, alias) for alias in ("champion", "previous", "challenger")}
    return {alias: version.number for alias, version in found.items() if version}


def stored_weights(number: int) -> Path:
    """A version's weights where MLflow keeps them, not a copy of them."""
    folder = Path(mlflow.artifacts.download_artifacts(f"models:/{NAME}/{number}/artifacts/adapter"))
    return folder / "adapter_model.safetensors"
