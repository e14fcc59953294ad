"""Plots: the CSV files behind `dvc plots`. In: the evaluation. Out: a file a split, a row an arm."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from exectune.task import EVALUATED

COLUMNS = ["arm", "accuracy", "low", "high", "executability", "usd"]


def write_plots(folder: Path, evaluation: Mapping[str, Any]) -> None:
    """Write `<split>.csv` for each split, with no rows where it has no tasks, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[str, list[tuple[object, ...]]] = {split: [] for split in EVALUATED}
    for arm, splits in evaluation["arms"].items():
        for split, cell in splits.items():
            accuracy = cell["accuracy"]
            figures = (accuracy["value"], accuracy["low"], accuracy["high"])
            row = (arm, *figures, cell["executability"]["value"], cell["usd"]["value"])
            rows[split].append(row)
    for split, lines in rows.items():
        temporary = folder / f"{split}.tmp"
        pl.DataFrame(lines, schema=COLUMNS, orient="row").write_csv(temporary)
        temporary.rename(folder / f"{split}.csv")
