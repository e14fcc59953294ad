"""What every stage's script does around its own work, once.

    if __name__ == "__main__":
        stage.run("accept", main)

The stage ends with the `dvc` that started it, reads params.yaml, opens its MLflow run and the ledger, and at the end
logs its figures, its bill and its ledger slice. A `UserError` is told in a line or two and ends it with exit code 1.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exectune import models, process, tracking
from exectune.budgets import Budgets
from exectune.errors import UserError
from exectune.ledger import Ledger
from exectune.ledger_place import ledger_place
from exectune.params import Params, flat, load

PAYING = ("baseline", "teacher", "accept", "rl", "evaluate")  # stages that may call a paid model


@dataclass(frozen=True)
class Stage:
    """A stage that is going on."""

    name: str
    params: Params
    run_id: str
    ledger: Ledger

    @property
    def folder(self) -> Path:
        """Where the stage's outs go."""
        return Path("artifacts") / self.name

    def write_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Write metrics/<stage>.json, and log the numbers in it to the run, nested keys joined by dots."""
        path = Path("metrics") / f"{self.name}.json"
        path.parent.mkdir(exist_ok=True)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
        temporary.rename(path)
        tracking.log_metrics(_numbers(metrics))


def run(name: str, body: Callable[[Stage], None]) -> None:
    """Run one stage's body; exits with 1 after a `UserError`."""
    process.die_with_parent()
    try:
        params = load()
        if name in PAYING:
            models.check(params)
        with (
            tracking.stage_run(name, flat(params)) as mlflow_run,
            Ledger.open(
                ledger_place(),
                stage=name,
                run_id=mlflow_run.id,
                prices=models.prices(params),
                budgets=Budgets(**params.budgets.model_dump()),
                budget_run=os.environ.get(tracking.PARENT) or process.starter(),
            ) as ledger,
        ):
            stage = Stage(name, params, mlflow_run.id, ledger)
            stage.folder.mkdir(parents=True, exist_ok=True)
            try:
                body(stage)
            finally:
                tracking.log_ledger(ledger, mlflow_run.id)
    except UserError as error:
        sys.exit(f"{name}: {error}")


def _numbers(metrics: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    found: dict[str, float] = {}
    for key, value in metrics.items():
        if isinstance(value, Mapping):
            found |= _numbers(value, f"{prefix}{key}.")
        elif isinstance(value, int | float):
            found[prefix + key] = float(value)
    return found
