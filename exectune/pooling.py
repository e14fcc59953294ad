"""Pooling: the outcomes of several seeds together.

In: `outcomes.parquet` of one run each. Out: tables. The seeds share their tasks, so the pooled McNemar counts a task
once a seed: its p speaks of these tasks with other seeds, not of other tasks.
"""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from exectune import stats
from exectune.errors import DataError

COMPARED = (("rl", "core"), ("rl", "sft"), ("sft", "sft_all"), ("sft", "untrained"))
COLUMNS = ("arm", "seed", "split", "task_id", "correct")


def read_outcomes(files: Sequence[Path]) -> pl.DataFrame:
    """The rows of all files; two files of one seed are refused."""
    frames = [_read(path) for path in files]
    seeds = [seed for frame in frames for seed in frame["seed"].unique().to_list()]
    if twice := sorted({seed for seed in seeds if seeds.count(seed) > 1}):
        raise DataError(f"seed {twice[0]} is in two of the files: give each run once")
    return pl.concat(frames)


def arms_over_seeds(outcomes: pl.DataFrame) -> pl.DataFrame:
    """A row an arm and split: accuracy as mean and sd over the seeds (sd is null with one seed)."""
    order = pl.DataFrame({"arm": outcomes["arm"].unique(maintain_order=True)}).with_row_index("order")
    a_seed = outcomes.group_by("split", "arm", "seed").agg(accuracy=pl.col("correct").mean(), tasks=pl.len())
    pooled = a_seed.group_by("split", "arm").agg(
        seeds=pl.len(),
        tasks=pl.col("tasks").sum(),
        accuracy=pl.col("accuracy").mean(),
        sd=pl.col("accuracy").std(),
    )
    return pooled.join(order, on="arm").sort("split", "order", descending=[True, False]).drop("order")


def pairs_over_seeds(outcomes: pl.DataFrame) -> pl.DataFrame:
    """A row a compared pair and split: the difference in accuracy and exact McNemar over all (seed, task)."""
    rows = []
    for split in outcomes["split"].unique(maintain_order=True):
        of_split = outcomes.filter(split=split)
        for arm, baseline in COMPARED:
            both = of_split.filter(arm=arm).join(of_split.filter(arm=baseline), on=["seed", "task_id"])
            if both.is_empty():
                continue
            paired = stats.mcnemar(both["correct"].to_list(), both["correct_right"].to_list())
            rows.append(
                {
                    "split": split,
                    "arm": arm,
                    "baseline": baseline,
                    "n": paired.n,
                    "effect": paired.effect,
                    "low": paired.low,
                    "high": paired.high,
                    "wins": paired.wins,
                    "losses": paired.losses,
                    "p": paired.p,
                }
            )
    return pl.DataFrame(rows)


def _read(path: Path) -> pl.DataFrame:
    if not path.is_file():
        raise DataError(f"{path} is missing: give the outcomes.parquet of a run")
    try:
        frame = pl.read_parquet(path)
    except pl.exceptions.ComputeError as error:
        raise DataError(f"{path} is not parquet: {error}") from None
    if missing := [name for name in COLUMNS if name not in frame.columns]:
        raise DataError(
            f"{path} has no column {missing[0]!r}: give the outcomes.parquet that `evaluate` wrote"
        )
    return frame.select(COLUMNS)
