from pathlib import Path

import polars as pl

from exectune.plots import COLUMNS, write_plots


def test_plots_hold_a_row_an_arm_in_a_file_a_split(tmp_path: Path) -> None:
    cell = {
        name: {"value": 0.5, "low": 0.4, "high": 0.6, "n": 9} for name in ("accuracy", "usd", "executability")
    }
    write_plots(
        tmp_path / "plots", {"arms": {"core": {"test": cell}, "rl": {"test": cell, "held_out": cell}}}
    )
    frames = {path.name: pl.read_csv(path) for path in (tmp_path / "plots").iterdir()}
    assert {name: frame.columns for name, frame in frames.items()} == {
        "test.csv": COLUMNS,
        "held_out.csv": COLUMNS,
    }
    assert frames["test.csv"].rows() == [
        ("core", 0.5, 0.4, 0.6, 0.5, 0.5),
        ("rl", 0.5, 0.4, 0.6, 0.5, 0.5),
    ]
    assert frames["held_out.csv"]["arm"].to_list() == ["rl"]


def test_a_split_without_tasks_has_a_file_without_rows(tmp_path: Path) -> None:
    write_plots(tmp_path, {"arms": {}})
    assert pl.read_csv(tmp_path / "held_out.csv").columns == COLUMNS
