"""The `exectune` command: bring in own data, check the settings, see what a run will cost and what was spent, pool
seeds, open the report, say which guide is in use.

Each command imports what it needs when it runs: `exectune --help` starts at once. What a user can put right is one
message and exit code 1, without a traceback.
"""

import sys
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from exectune.errors import DataError, UserError
from exectune.ledger_place import ledger_place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl

    from exectune.ledger import Ledger
    from exectune.task import Split, Task

REPORT = Path("artifacts/evaluate/report.html")
UNBROKEN = 240  # columns of a table that goes to a file or a pipe

app = typer.Typer(
    help="Train a small guide to write strategies that a frozen core can execute.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class By(StrEnum):
    """What a bill can be grouped by; the first three are the default."""

    STAGE = "stage"
    ROLE = "role"
    MODEL = "model"
    DAY = "day"
    RUN = "run_id"


BY = (By.STAGE, By.ROLE, By.MODEL)

# Each has a reader in benchmark_rows.py; its imports would cost every command a second.
Kind = Literal["gsm8k", "math", "humaneval", "mbpp", "kodcode", "jsonl", "csv", "parquet"]
Files = Annotated[list[Path], typer.Argument(help="one file or several")]


@app.command("import")
def import_(
    kind: Annotated[Kind, typer.Argument(help="a benchmark's own form, or a table of your own")],
    names: Annotated[
        list[str], typer.Argument(help="files, folders, or a dataset of the hub, OWNER/NAME:CONFIG")
    ],
    out: Annotated[Path, typer.Option(help="folder for train, dev and test.jsonl")],
    train: Annotated[int, typer.Option(help="most training tasks; 0 for none", min=0)] = 800,
    test: Annotated[int, typer.Option(help="most test tasks; 0 for none", min=0)] = 200,
    seed: Annotated[int, typer.Option(help="which tasks are drawn")] = 0,
    column: Annotated[list[str] | None, typer.Option(help="KEY=COLUMN, such as question=prompt")] = None,
    source: Annotated[str, typer.Option(help="where own data comes from, kept in each task")] = "",
    licence: Annotated[str, typer.Option(help="its licence, kept in each task")] = "",
    max_steps: Annotated[int, typer.Option(help="most gold steps of a GSM8K problem", min=1)] = 4,
    without_steps: Annotated[bool, typer.Option(help="keep GSM8K problems that give no gold steps")] = False,
) -> None:
    """Bring in a benchmark or own data as task files (JSONL)."""
    from exectune import benchmarks
    from exectune.benchmark_rows import Options

    own = out.resolve() == Path("data").resolve()
    if own and Path("data.dvc").exists():
        raise DataError(f"--out {out} is what data.dvc fills: name another folder, or remove data.dvc first")
    wanted = benchmarks.Wanted(
        kind,
        names,
        train,
        test,
        seed,
        Options(max_steps, without_steps),
        _columns(column or []),
        source,
        licence,
    )
    imported = benchmarks.write(wanted, out, _fault)
    for split, count in imported.written.items():
        typer.echo(f"{out / split}.jsonl: {count} tasks")
    typer.echo(f"{imported.rows} rows read, {imported.not_drawn} good ones not drawn")
    for skipped in imported.skipped:
        typer.echo(str(skipped))
    fill = (
        "dvc add data"
        if own
        else f"rm -rf data && dvc import-url --force {out} data && dvc unfreeze data.dvc"
    )
    typer.echo(f"next: {fill} && dvc repro")


@app.command()
def check() -> None:
    """Check params.yaml, and credentials, region and prices of the paid models in it. Nothing is sent."""
    from exectune import models, params
    from exectune.domains.table import of_protocol

    settings = params.load()
    of_protocol(settings.protocol.name)
    models.check(settings)
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
            raise DataError(
                f"{ledger_place()} is missing: no stage has called a model here yet; run `dvc repro`"
            )
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
    for pair in pairs_over_seeds(outcomes).iter_rows(named=True):
        typer.echo(
            f"{pair['arm']} against {pair['baseline']}, {pair['split']}: {100 * pair['effect']:+.1f} points "
            f"({100 * pair['low']:+.1f} to {100 * pair['high']:+.1f}), wins {pair['wins']}, losses {pair['losses']}, "
            f"p = {pair['p']:.2g}, n = {pair['n']}"
        )


@app.command()
def report(open_: Annotated[bool, typer.Option("--open", help="open it in a browser")] = False) -> None:
    """Where the report is."""
    if not REPORT.is_file():
        raise DataError(f"{REPORT} is missing: run `dvc repro evaluate`")
    typer.echo(REPORT.resolve())
    if open_:
        typer.launch(REPORT.resolve().as_uri())


@app.command()
def promote(
    version: Annotated[int | None, typer.Option(help="which; without it, the challenger", min=1)] = None,
    force: Annotated[bool, typer.Option("--force", help="although the gate refuses")] = False,
    reason: Annotated[str, typer.Option(help="why, kept as a tag of the version")] = "",
) -> None:
    """Make a registered guide the champion, if it passes the gate."""
    from exectune import params, registry

    typer.echo(registry.promote(params.load(), version, force=force, reason=reason))


@app.command()
def rollback(
    reason: Annotated[str, typer.Option(help="why, kept as a tag of the version")] = "",
) -> None:
    """Make the previous champion the champion again."""
    from exectune import params, registry

    typer.echo(registry.rollback(params.load(), reason=reason))


@app.command()
def canary(
    tasks: Annotated[int | None, typer.Option(help="so many, in place of canary.tasks", min=1)] = None,
) -> None:
    """Ask the champion its fixed tasks once more: does the core still do what it did at promotion?

    Exit code 0: yes. 3: it does worse. 1: an error, which tells nothing. .exectune/canary.json has all figures.
    """
    from exectune import night as nights
    from exectune import params

    night = nights.run(params.load(), tasks)
    typer.echo(
        f"{night.model} version {night.version}, night {night.night}: {night.tasks} tasks, {night.failed} of them "
        "without a reply"
    )
    typer.echo(f"core {night.core}, {night.usd_paid:.4f} USD paid")
    for figure in night.figures:
        money = figure.name == "usd"
        now, then = (f"{v:.6f}" if money else f"{v:.1%}" for v in (figure.tonight, figure.promotion))
        typer.echo(
            f"{'USD a task' if money else figure.name:14} {now:>9}, at promotion {then:>9}; evidence of a change "
            f"{figure.evidence:.3g}, alarm at {night.limit:g}"
        )
    slow = "; slow" if night.slow else ""
    typer.echo(
        f"{'latency':14} {night.latency_s:8.2f}s, at promotion {night.latency_promotion_s:8.2f}s{slow}"
    )
    if night.since is None:
        typer.echo("no alarm")
        return
    typer.secho(f"ALARM since night {night.since}: {night.reason}", fg=typer.colors.RED)
    raise typer.Exit(3)


@app.command()
def forget(
    model: Annotated[str, typer.Argument(help="its name in `exectune ledger`")],
) -> None:
    """A model has changed behind its name: from now on no reply that it gave before is an answer. Bills stay."""
    from exectune import outdated

    count = outdated.forget(ledger_place(), model)
    typer.echo(f"{count} replies of {model} are answers no more: it is asked anew")
    typer.echo("next: dvc repro --force --single-item baseline accept && dvc repro")


def main() -> None:
    """The `exectune` script."""
    try:
        app()
    except UserError as error:
        typer.secho(str(error), fg=typer.colors.RED, err=True)
        sys.exit(1)


def _columns(given: list[str]) -> dict[str, str]:
    """`question=prompt` → the key of a task and the column that holds it."""
    for text in given:
        if not all(text.partition("=")):
            raise DataError(f"--column {text}: expected KEY=COLUMN, such as question=prompt")
    return {key: column for key, _, column in (text.partition("=") for text in given)}


def _fault(task: "Task") -> str:
    """Why a task's own solution fails, as the sandbox finds; it is needed where tasks have tests."""
    from exectune import params
    from exectune.domains.table import DOMAINS

    return DOMAINS[task.domain].fault(task, params.load().sandbox) if task.tests else ""


@contextmanager
def _ledger_if_any() -> "Iterator[Ledger | None]":
    """The ledger that the stages write to; None where there is none yet."""
    from exectune.ledger import Ledger

    place = ledger_place()
    if isinstance(place, Path) and not place.is_file():
        yield None
        return
    with Ledger.open(place, stage="", run_id="", prices={}) as book:
        yield book


def _print_bill(bill: "pl.DataFrame") -> None:
    columns = ("stage", "role", "calls", "in ledger", "tokens in", "out", "USD", "range")
    rows = []
    for row in bill.iter_rows(named=True):
        counts = (_text(row[name]) for name in ("calls", "cached", "tokens_in", "tokens_out"))
        spread = f"{row['usd_low']:.2f}-{row['usd_high']:.2f}"
        rows.append((row["stage"], row["role"], *counts, f"{row['usd']:.2f}", spread))
    _print_rows(columns, rows)
    for role, model in bill.select("role", "model").unique(maintain_order=True).rows():
        typer.echo(f"{role}: {model}")


def _print_table(frame: "pl.DataFrame") -> None:
    _print_rows(frame.columns, [[_text(value) for value in row] for row in frame.rows()])


def _text(value: object) -> str:
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else str(value)
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.2f}"


def _print_rows(columns: "Sequence[str]", rows: "Sequence[Sequence[str]]") -> None:
    """A table. No figure is ever cut off: where the terminal is too narrow, cells go on in the next line."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, *cells in zip(columns, *rows, strict=True):
        counted = any(cell[:1].isdigit() for cell in cells)
        table.add_column(name, justify="right" if counted else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, UNBROKEN)
    console.print(table)
