"""The `exectune` command: bring in own data, check the settings, see what was spent, pool seeds, open the report.

Each command imports what it needs when it runs: `exectune --help` starts at once. What a user can put right is one
message and exit code 1, without a traceback.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exectune.errors import DataError, UserError

if TYPE_CHECKING:
    import polars as pl

    from exectune.benchmarks import Kind

LEDGER = Path(".exectune/ledger.sqlite")
REPORT = Path("artifacts/evaluate/report.html")

app = typer.Typer(
    help="Train a small guide to write strategies that a frozen core can execute.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
import_app = typer.Typer(help="Bring in own data as task files (JSONL).", no_args_is_help=True)
app.add_typer(import_app, name="import")

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
    """Check params.yaml."""
    from exectune import params

    params.load()
    typer.echo("params.yaml: OK")


@app.command()
def ledger(csv: Annotated[Path | None, typer.Option(help="write the table to this file too")] = None) -> None:
    """Who spent what: calls, tokens and USD by stage, role and model."""
    from exectune.ledger import Ledger

    if not LEDGER.is_file():
        raise DataError(f"{LEDGER} is missing: no stage has called a model here yet; run `dvc repro`")
    with Ledger.open(LEDGER, stage="", run_id="", prices={}) as book:
        totals = book.totals()
    _print_table(totals)
    typer.echo(
        f"total: {totals['usd'].sum():.6f} USD, and at most {totals['unknown_usd'].sum():.6f} USD unknown"
    )
    if csv is not None:
        totals.write_csv(csv)


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


def _print_table(frame: "pl.DataFrame") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*frame.columns)
    for row in frame.rows():
        table.add_row(*(f"{value:.4g}" if isinstance(value, float) else str(value) for value in row))
    Console().print(table)
