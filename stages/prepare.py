"""prepare: the task files in data/ → parquet, with bad lines set aside and Data Docs built.

In: data/{train,dev,test,held_out}.jsonl (dev and held_out may be missing). Out, in artifacts/prepare: a
parquet file a split, quarantine.parquet (file, line, reason, raw text), docs/index.html; metrics/prepare.json.

    python -m stages.prepare
"""

from dataclasses import asdict
from pathlib import Path

import polars as pl

from exectune import stage
from exectune.domains.table import DOMAINS, of_protocol
from exectune.errors import DataError
from exectune.params import SandboxLimits
from exectune.task import SPLITS, Split, read_all, write_tasks
from exectune.taskfile import Quarantined, Seen, TaskFile, read
from exectune.validation import validate_tasks

DATA = Path("data")
OUT = Path("artifacts/prepare")
REQUIRED: tuple[Split, ...] = ("train", "test")
QUARANTINE = pl.Schema({"file": pl.String, "line": pl.Int64, "reason": pl.String, "raw": pl.String})
SHOWN = 5  # bad lines that an error names


def main(this: stage.Stage) -> None:
    """Read, check and write the tasks of all splits."""
    settings = this.params.prepare
    files = read_splits(DATA, settings.max_question_chars, this.params.sandbox)
    check_domain(files, this.params.protocol.name)
    write_quarantine(files, OUT / "quarantine.parquet")
    check_bad_share(files, settings.max_bad_share)
    for split, file in files.items():
        write_tasks(file.good, OUT / f"{split}.parquet")
    check_suite(settings.max_question_chars)
    totals = counts(list(files.values()))
    this.write_metrics({**totals, "splits": {split: counts([file]) for split, file in files.items()}})
    print(f"prepare: {totals['good']} tasks, {totals['quarantined']} lines in quarantine")


def read_splits(data: Path, max_question_chars: int, limits: SandboxLimits) -> dict[Split, TaskFile]:
    """Every split's file, read in the order of `SPLITS`; a split that may be missing is empty."""
    check_names(data)
    seen = Seen()
    files: dict[Split, TaskFile] = {}
    for split in SPLITS:
        path = data / f"{split}.jsonl"
        if path.exists():
            files[split] = read(
                path,
                split,
                seen,
                max_question_chars=max_question_chars,
                fault=lambda task: DOMAINS[task.domain].fault(task, limits),
            )
        elif split in REQUIRED:
            raise DataError(
                f"{path} is missing: fill {data}/ with `dvc repro`, or bring tasks of your own there"
            )
        else:
            files[split] = TaskFile([], [])
    return files


def check_names(data: Path) -> None:
    """A task file whose name is no split would be left out silently: refuse it."""
    for path in sorted(data.glob("*.jsonl")):
        if path.stem not in SPLITS:
            raise DataError(f"{path} belongs to no split; a task file is named {', '.join(SPLITS)} (.jsonl)")


def check_domain(files: dict[Split, TaskFile], protocol: str) -> None:
    """All tasks are of the domain whose cores `protocol` asks."""
    domain = of_protocol(protocol).name
    for split, file in files.items():
        for task in file.good:
            if task.domain != domain:
                known = " or ".join(DOMAINS[task.domain].protocols)
                raise DataError(
                    f"{DATA}/{split}.jsonl: task {task.id} is of the domain {task.domain!r}, and protocol.name = "
                    f"{protocol} in params.yaml is for {domain!r}: set protocol.name to {known}, or bring other tasks"
                )


def check_bad_share(files: dict[Split, TaskFile], max_bad_share: float) -> None:
    """Stop when too many lines are bad, or when a split that is needed has no good one."""
    bad = [line for file in files.values() for line in file.quarantined]
    rows = sum(file.rows for file in files.values())
    if rows and len(bad) / rows > max_bad_share:
        raise DataError(
            f"{len(bad)} of {rows} lines are bad, more than prepare.max_bad_share = {max_bad_share} allows; "
            f"mend them or raise it:\n{_first(bad)}"
        )
    for split in REQUIRED:
        if not files[split].good:
            raise DataError(
                f"{DATA}/{split}.jsonl holds no good task\n{_first(files[split].quarantined)}".rstrip()
            )


def check_suite(max_question_chars: int) -> None:
    """The suite on all that was written; what it finds are mistakes of ours, so it stops the stage."""
    tasks = pl.concat([pl.read_parquet(OUT / f"{split}.parquet") for split in SPLITS])
    verifiable = [not DOMAINS[task.domain].flaw(task) for split in SPLITS for task in read_all(split)]
    frame = tasks.with_columns(pl.Series("verifiable", verifiable, dtype=pl.Boolean))
    verdict = validate_tasks(frame, OUT / "docs", max_question_chars=max_question_chars)
    if not verdict.success:
        raise DataError(
            "\n  ".join([f"the tasks fail their suite, see {OUT}/docs/index.html:", *verdict.failures])
        )


def write_quarantine(files: dict[Split, TaskFile], path: Path) -> None:
    """The bad lines of all splits; the file is there also when there are none."""
    rows = [asdict(line) for file in files.values() for line in file.quarantined]
    temporary = path.with_suffix(".tmp")
    pl.DataFrame(rows, schema=QUARANTINE).write_parquet(temporary)
    temporary.rename(path)


def counts(files: list[TaskFile]) -> dict[str, int]:
    """Lines, tasks and bad lines of some files together."""
    return {
        "rows": sum(file.rows for file in files),
        "good": sum(len(file.good) for file in files),
        "quarantined": sum(len(file.quarantined) for file in files),
    }


def _first(bad: list[Quarantined]) -> str:
    lines = [f"  {line.file}:{line.line}: {line.reason}" for line in bad[:SHOWN]]
    more = len(bad) - SHOWN
    return "\n".join(lines + ([f"  and {more} more, all in {OUT}/quarantine.parquet"] if more > 0 else []))


if __name__ == "__main__":
    stage.run("prepare", main)
