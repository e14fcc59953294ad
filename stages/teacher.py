"""teacher: candidate strategies for the training tasks, or the first `tasks` of them.

In: artifacts/prepare/train.parquet. Out: artifacts/teacher/strategies.parquet, a row a candidate.

    python -m stages.teacher
"""

import polars as pl

from exectune import stage
from exectune.errors import DataError
from exectune.outcome import write_frame
from exectune.progress import Progress
from exectune.task import read_all
from exectune.teacher import load_teacher

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "task_id": pl.String,
    "candidate": pl.Int64,
    "strategy": pl.String,
    "wordings": pl.List(pl.String),
}


def main(this: stage.Stage) -> None:
    """Have the teacher write `candidates` strategies for each task."""
    settings = this.params.teacher
    tasks = read_all("train")[: settings.tasks]
    with Progress("teacher", len(tasks) * settings.candidates) as progress:
        candidates = load_teacher(this.params, this.ledger).write(tasks, progress.advance)
    if not candidates:
        raise DataError(
            f"the teacher `{settings.name}` wrote nothing: `reference` only words gold steps, and no training task "
            "has any; set teacher.name to a model or to self"
        )
    rows = [(one.task.id, one.number, one.text, list(one.wordings)) for one in candidates]
    write_frame(pl.DataFrame(rows, schema=SCHEMA, orient="row"), this.folder / "strategies.parquet")
    without = len(tasks) - len({one.task.id for one in candidates})
    this.write_metrics({"candidates": len(rows), "tasks_without_candidates": without})
    print(f"teacher: {len(rows)} candidates; none for {without} tasks")


if __name__ == "__main__":
    stage.run("teacher", main)
