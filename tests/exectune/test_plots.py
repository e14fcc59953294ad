"""The three CSV files of `dvc plots`."""

from pathlib import Path

import polars as pl

from exectune.plots import write_plots


def test_plots_hold_one_row_an_arm_and_split(tmp_path: Path) -> None:
    cell = {
        name: {"value": 0.5, "low": 0.4, "high": 0.6, "n": 9} for name in ("accuracy", "usd", "executability")
    }
    write_plots(
        tmp_path / "plots", {"arms": {"core": {"test": cell}, "rl": {"test": cell, "held_out": cell}}}
    )
    frames = {path.name: pl.read_csv(path) for path in (tmp_path / "plots").iterdir()}
    assert {name: frame.columns for name, frame in frames.items()} == {
        "accuracy.csv": ["arm", "split", "value", "low", "high"],
        "cost.csv": ["arm", "split", "usd", "accuracy"],
        "executability.csv": ["arm", "split", "value"],
    }
    assert frames["accuracy.csv"].height == 3
    assert frames["executability.csv"]["arm"].to_list() == ["rl", "rl"]  # the core alone has no strategy
