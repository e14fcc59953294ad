"""Outcome: what became of one task under one arm. Reports, gates and statistics read this table and nothing else.

One row per (arm, seed, task). `correct` is the verifier's word, `executed` the protocol's; neither looks at the
other. `usd` is the price of the tokens, at the prices of params.yaml, also where the ledger answered (`cached`).
A row whose `error` is not null is no outcome: it is counted and left out, never scored.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from exectune.errors import DataError

ARMS = ("core", "untrained", "sft_all", "sft", "rl", "gold")

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "run_id": pl.String,
    "arm": pl.String,
    "seed": pl.Int64,
    "task_id": pl.String,
    "split": pl.String,
    "family": pl.String,
    "domain": pl.String,
    "guide": pl.String,
    "core": pl.String,
    "protocol": pl.String,
    "question": pl.String,
    "strategy": pl.String,
    "valid": pl.Boolean,
    "reason": pl.String,
    "executed": pl.Boolean,
    "in_budget": pl.Boolean,
    "correct": pl.Boolean,
    "leak": pl.Boolean,
    "answer": pl.String,
    "gold": pl.String,
    "replies": pl.List(pl.String),
    "failed_step": pl.Int64,
    "guide_tokens_in": pl.Int64,
    "guide_tokens_out": pl.Int64,
    "core_tokens_in": pl.Int64,
    "core_tokens_out": pl.Int64,
    "usd": pl.Float64,
    "latency_s": pl.Float64,
    "cached": pl.Boolean,
    "error": pl.String,
}


@dataclass(frozen=True)
class Outcome:
    """One row of the table; the columns are those of `SCHEMA`."""

    run_id: str
    arm: str
    seed: int
    task_id: str
    split: str
    family: str
    domain: str
    guide: str
    core: str
    protocol: str
    question: str
    strategy: str
    valid: bool
    reason: str
    executed: bool
    in_budget: bool
    correct: bool
    leak: bool
    answer: str
    gold: str
    replies: tuple[str, ...]
    failed_step: int | None
    guide_tokens_in: int
    guide_tokens_out: int
    core_tokens_in: int
    core_tokens_out: int
    usd: float
    latency_s: float
    cached: bool
    error: str | None = None


def to_frame(outcomes: Sequence[Outcome]) -> pl.DataFrame:
    """Outcomes as a table."""
    rows = [asdict(outcome) | {"replies": list(outcome.replies)} for outcome in outcomes]
    return pl.DataFrame(rows, schema=SCHEMA)


def write_frame(frame: pl.DataFrame, path: Path) -> None:
    """Write a table as parquet, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    frame.write_parquet(temporary)
    temporary.rename(path)


def read_frame(stage: str, name: str) -> pl.DataFrame:
    """Read a table that a stage wrote.

    Raises:
        DataError: the stage has not run.
    """
    path = Path("artifacts") / stage / f"{name}.parquet"
    if not path.is_file():
        raise DataError(f"{path} is missing: run `dvc repro {stage}` first")
    return pl.read_parquet(path)
