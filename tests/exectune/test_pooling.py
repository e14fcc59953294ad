from pathlib import Path

import polars as pl
import pytest

from exectune.errors import DataError
from exectune.pooling import arms_over_seeds, pairs_over_seeds, read_outcomes


def outcomes(rights: dict[str, dict[int, list[bool]]]) -> pl.DataFrame:
    """arm -> seed -> right or wrong, a task each."""
    rows = [
        {"arm": arm, "seed": seed, "split": "test", "task_id": str(task), "correct": right}
        for arm, seeds in rights.items()
        for seed, tasks in seeds.items()
        for task, right in enumerate(tasks)
    ]
    return pl.DataFrame(rows)


def test_mean_and_sd_are_over_seeds_not_over_tasks() -> None:
    table = arms_over_seeds(outcomes({"sft": {0: [True, False], 1: [True, True], 2: [False, False]}}))
    row = table.row(0, named=True)
    assert (row["seeds"], row["tasks"], row["accuracy"]) == (3, 6, 0.5)
    assert row["sd"] == pytest.approx(0.5)


def test_arms_keep_their_order_and_one_seed_has_no_sd() -> None:
    table = arms_over_seeds(outcomes({"core": {0: [False]}, "sft": {0: [True]}, "rl": {0: [True]}}))
    assert table["arm"].to_list() == ["core", "sft", "rl"]
    assert table["sd"].to_list() == [None, None, None]


def test_pairs_match_by_seed_and_task() -> None:
    table = pairs_over_seeds(
        outcomes(
            {
                "sft": {0: [True, False, False], 1: [False, True, True]},
                "rl": {0: [True, True, True], 1: [True, False, True]},
            }
        )
    )
    row = table.row(0, named=True)
    assert (row["arm"], row["baseline"], row["n"], row["wins"], row["losses"]) == ("rl", "sft", 6, 3, 1)
    assert row["p"] == pytest.approx(0.625)  # exact, two-sided: 2 · (1 + 4) / 16


def test_a_file_that_is_not_a_runs_outcomes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("no", encoding="utf-8")
    with pytest.raises(DataError, match="is not parquet"):
        read_outcomes([tmp_path / "text.parquet"])
    pl.DataFrame({"arm": ["rl"]}).write_parquet(tmp_path / "other.parquet")
    with pytest.raises(DataError, match="has no column 'seed'"):
        read_outcomes([tmp_path / "other.parquet"])
