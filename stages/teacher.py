"""teacher: candidate strategies for every training task.

In: artifacts/prepare/train.parquet. Out: artifacts/teacher/strategies.parquet, a row a candidate.

    python -m stages.teacher
"""

import polars as pl

from exectune import stage
from exectune.errors import DataError
from exectune.guides import reference
from exectune.outcome import write_frame
from exectune.strategy import Strategy
from exectune.task import read_all


def main(this: stage.Stage) -> None:
    """Word the gold steps of each task, `candidates` times."""
    settings = this.params.teacher
    rows = [
        {
            "task_id": task.id,
            "candidate": number,
            "strategy": Strategy(worded.steps).text,
            "steps": list(worded.steps),
            "wordings": list(worded.wordings),
        }
        for task in read_all("train")
        if task.steps
        for number, worded in enumerate(reference.candidates(task, settings.candidates, this.params.seed))
    ]
    if not rows:
        raise DataError("no training task has gold steps, and the reference teacher only words gold steps")
    write_frame(pl.DataFrame(rows), this.folder / "strategies.parquet")
    without = sum(not task.steps for task in read_all("train"))
    this.write_metrics({"candidates": len(rows), "tasks_without_gold_steps": without})
    print(f"teacher: {len(rows)} candidates; {without} tasks have no gold steps to word")


if __name__ == "__main__":
    stage.run("teacher", main)
