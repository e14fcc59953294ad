"""The `exectune` command: bring in own data, check the settings, see what a run will cost and what was spent, pool
seeds, open the report.

Each command imports what it needs when it runs: `exectune --help` starts at once. What a user can put right is one
message and exit code 1, without a traceback.
"""

import os
import sys
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exectune.errors import DataError, UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from exectune.benchmarks import Kind
    from exectune.ledger import Ledger
    from exectune.task import Split

LEDGER = Path(".exectune/ledger.sqlite")
LEDGER_URL = "EXECTUNE_LEDGER_URL"
REPORT = Path("artifacts/evaluate/report.html")

app = typer.Typer(
    help="Train a small guide to write strategies that a frozen core can execute.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
import_app = typer.Typer(help="Bring in own data as task files (JSONL).", no_args_is_help=True)
app.add_typer(import_app, name="import")


class By(StrEnum):
    """What a bill can be grouped by; the first three are the default."""

    STAGE = "stage"
    ROLE = "role"
    MODEL = "model"
    DAY = "day"
    RUN = "run_id"


BY = (By.STAGE, By.ROLE, By.MODEL)

Files = Annotated[list[Path], typer.Argument(help="one file or several")]
Out = Annotated[Path, typer.Option(help="folder for train, dev, test and held_out.jsonl")]
Train = Annotated[int, typer.Option(help="most training tasks", min=1)]
Test = Annotated[int, typer.Option(help="most test tasks", min=1)]
Seed = Annotated[int, typer.Option(help="which tasks are drawn")]


@import_app.command("gsm8k")
def import_gsm8k(files: Files, out: Out, train: Train = 800, test: Test = 200, seed: Seed = 0) -> None:
    """Problems of GSM8K whose calculator annotations make a chain of single operations."""
    _import("gsm8k", files, out, train, test, seed)


@import_app.command("jsonl")
def import_jsonl(files: Files, out: Out, train: Train = 800, test: Test = 200, seed: Seed = 0) -> None:
    """JSON lines with the keys question and answer, and id, steps, family where there are any."""
    _import("jsonl", files, out, train, test, seed)


@import_app.command("csv")
def import_csv(files: Files, out: Out, train: Train = 800, test: Test = 200, seed: Seed = 0) -> None:
    """A table with a header: the columns question and answer, and id, steps, family where there are any."""
    _import("csv", files, out, train, test, seed)


@app.command()
def check() -> None:
    """Check params.yaml, and credentials, region and prices of the paid models in it. Nothing is sent."""
    from exectune import models, params

    models.check(params.load())
    typer.echo("params.yaml: OK")


@app.command()
def use(profile: Annotated[Path, typer.Argument(help="a file of profiles/")]) -> None:
    """Write a profile's settings into params.yaml. `git checkout params.yaml` brings back what was there."""
    from exectune import profile as profiles

    for line in profiles.use(profile):
        typer.echo(line)
    typer.echo("params.yaml is changed; next: exectune estimate && dvc repro")


@app.command()
def estimate(
    profile: Annotated[
        Path | None, typer.Option("--profile", "-p", help="settings that differ from params.yaml")
    ] = None,
    train: Annotated[int | None, typer.Option(help="as if there were N training tasks", min=1)] = None,
    test: Annotated[int | None, typer.Option(help="as if there were N test tasks", min=1)] = None,
) -> None:
    """The bill before the run: calls, tokens and USD of every paid model. Needs no key and no network."""
    from exectune import estimate, params

    settings = params.load(profile=profile)
    folder, tasks = estimate.tasks_at_hand(settings)
    sizes: tuple[tuple[Split, int | None], ...] = ("train", train), ("test", test)
    given = {split: size for split, size in sizes if size is not None}
    with _ledger_if_any() as book:
        bill = estimate.estimate(settings, tasks, book, given)
    counts = ", ".join(f"{given.get(split, len(some))} {split}" for split, some in tasks.items())
    typer.echo(f"tasks of {folder}: {counts}")
    if bill.is_empty():
        typer.echo("all models run on this machine: there is nothing to pay")
        return
    _print_bill(bill)
    low, likely, high, saved = (
        float(bill[name].sum()) for name in ("usd_low", "usd", "usd_high", "usd_saved")
    )
    typer.echo(f"total: {likely:.2f} USD, between {low:.2f} and {high:.2f}; the ledger saves {saved:.2f}")
    limit = settings.budgets.run_usd
    if limit is not None and high > limit:
        typer.echo(f"budgets.run_usd = {limit} may stop the run: what was answered until then is kept")


@app.command()
def ledger(
    by: Annotated[list[By] | None, typer.Option("--by", help="group by this; several may be given")] = None,
    csv: Annotated[Path | None, typer.Option(help="write the table to this file too")] = None,
    parquet: Annotated[Path | None, typer.Option(help="write the table to this file too")] = None,
) -> None:
    """Who spent what: calls, tokens and USD by stage, role and model, or by day."""
    with _ledger_if_any() as book:
        if book is None:
            raise DataError(f"{LEDGER} is missing: no stage has called a model here yet; run `dvc repro`")
        totals = book.totals(by=by or BY)
    _print_table(totals)
    typer.echo(
        f"total: {totals['usd'].sum():.6f} USD, and at most {totals['unknown_usd'].sum():.6f} USD unknown"
    )
    if csv is not None:
        totals.write_csv(csv)
    if parquet is not None:
        totals.write_parquet(parquet)


@app.command()
def pool(files: Files) -> None:
    """Several seeds together: mean and sd of each arm's accuracy, exact McNemar between arms.

    FILES are the artifacts/evaluate/outcomes.parquet of one run each.
    """
    from exectune.pooling import arms_over_seeds, pairs_over_seeds, read_outcomes

    outcomes = read_outcomes(files)
    _print_table(arms_over_seeds(outcomes))
    _print_table(pairs_over_seeds(outcomes))


@app.command()
def report(open_: Annotated[bool, typer.Option("--open", help="open it in a browser")] = False) -> None:
    """Where the report is."""
    if not REPORT.is_file():
        raise DataError(f"{REPORT} is missing: run `dvc repro evaluate`")
    typer.echo(REPORT.resolve())
    if open_:
        typer.launch(REPORT.resolve().as_uri())


def main() -> None:
    """The `exectune` script."""
    try:
        app()
    except UserError as error:
        typer.secho(str(error), fg=typer.colors.RED, err=True)
        sys.exit(1)


def _import(kind: "Kind", files: list[Path], out: Path, train: int, test: int, seed: int) -> None:
    from exectune import benchmarks

    own = out.resolve() == Path("data").resolve()
    if own and Path("data.dvc").exists():
        raise DataError(f"--out {out} is what data.dvc fills: name another folder, or remove data.dvc first")
    imported = benchmarks.write(kind, files, out, train=train, test=test, seed=seed)
    for split, count in imported.written.items():
        typer.echo(f"{out / split}.jsonl: {count} tasks")
    typer.echo(f"{imported.rows} rows read, {imported.not_drawn} good ones not drawn")
    for skipped in imported.skipped:
        typer.echo(str(skipped))
    fill = "dvc add data" if own else f"dvc import-url --force {out} data && dvc unfreeze data.dvc"
    typer.echo(f"next: {fill} && dvc repro")


@contextmanager
def _ledger_if_any() -> "Iterator[Ledger | None]":
    """The ledger that the stages write to; None where there is none yet."""
    from exectune.ledger import Ledger

    url = os.environ.get(LEDGER_URL)
    if not url and not LEDGER.is_file():
        yield None
        return
    with Ledger.open(url or LEDGER, stage="", run_id="", prices={}) as book:
        yield book


def _print_bill(bill: "pl.DataFrame") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("stage", "role", "calls", "in ledger", "tokens in", "out", "USD", "range")
    for row in bill.iter_rows(named=True):
        counts = (f"{row[name]:,}" for name in ("calls", "cached", "tokens_in", "tokens_out"))
        spread = f"{row['usd_low']:.2f}-{row['usd_high']:.2f}"
        table.add_row(row["stage"], row["role"], *counts, f"{row['usd']:.2f}", spread)
    Console().print(table)
    for role, model in bill.select("role", "model").unique(maintain_order=True).rows():
        typer.echo(f"{role}: {model}")


def _print_table(frame: "pl.DataFrame") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*frame.columns)
    for row in frame.rows():
        table.add_row(*(f"{value:.4g}" if isinstance(value, float) else str(value) for value in row))
    Console().print(table)
