"""accept: the core executes each candidate; what it carried out and got right is kept.

In: artifacts/teacher, artifacts/prepare. Out: artifacts/accept/{accepted,rejected}.parquet (a row a candidate a
round, with the reason; accepted + rejected = candidates tried), docs/ (Data Docs of the accepted ones),
metrics/accept.json. A failure goes back to the teacher, which hears which step failed and what the core replied.

    python -m stages.accept
"""

import polars as pl

from exectune import stage
from exectune.acceptance import to_frame, try_candidates
from exectune.candidate import Candidate, Tried
from exectune.errors import DataError
from exectune.models import load_model
from exectune.outcome import read_frame, write_frame
from exectune.policy import GuideCorePolicy
from exectune.progress import Progress
from exectune.stats import wilson
from exectune.task import read_all
from exectune.teacher import load_teacher
from exectune.validation import validate_strategies


def main(this: stage.Stage) -> None:
    """Try, send back, try again; then store both sides and validate what was kept."""
    core, teacher = load_model(this.params.models.core, this.params), load_teacher(this.params, this.ledger)
    pending = candidates()
    tried: list[Tried] = []
    kept: set[tuple[str, str]] = set()
    figures: dict[str, object] = {}
    for number in range(1, this.params.accept.rounds + 1):
        steps = sum(max(candidate.text.count("\n") - 1, 0) for candidate in pending)  # about as many calls
        with Progress(f"accept, round {number}", steps) as progress:
            policy = GuideCorePolicy(None, core, this.ledger, this.params, progress.advance)
            results = try_candidates(policy, pending, round_number=number, accepted=kept)
        tried += results
        share = wilson(sum(result.accepted for result in results), len(results))
        figures[f"round_{number}"] = vars(share)
        print(f"accept: round {number}: {share.value:.1%} of {share.n} candidates carried out and right")
        failed = [result for result in results if not result.accepted]
        if number < this.params.accept.rounds:
            with Progress(f"accept, revising after round {number}", len(failed)) as progress:
                pending = teacher.revise(failed, tried, progress.advance)
    frame = to_frame(tried)
    accepted, rejected = frame.filter("accepted"), frame.filter(~pl.col("accepted"))
    assert accepted.height + rejected.height == len(tried)
    write_frame(accepted, this.folder / "accepted.parquet")
    write_frame(rejected, this.folder / "rejected.parquet")
    executability = wilson(int(frame["executed"].sum()), frame.height)
    figures |= {
        "accepted": accepted.height,
        "rejected": rejected.height,
        "executability": vars(executability),
    }
    this.write_metrics(figures)
    check_suite(accepted, this)


def candidates() -> list[Candidate]:
    """What the teacher wrote, with its tasks."""
    tasks = {task.id: task for task in read_all("train")}
    frame = read_frame("teacher", "strategies")
    return [
        Candidate(tasks[row["task_id"]], row["candidate"], row["strategy"], tuple(row["wordings"]))
        for row in frame.iter_rows(named=True)
    ]


def check_suite(accepted: pl.DataFrame, this: stage.Stage) -> None:
    """The suite on what was kept; what it finds are mistakes of ours, so it stops the stage."""
    if accepted.is_empty():
        raise DataError(
            "the core carried out none of the candidates: nothing to train on. See rejected.parquet for the reasons"
        )
    ids = [task.id for task in read_all("train")]
    verdict = validate_strategies(accepted, this.folder / "docs", task_ids=ids)
    if not verdict.success:
        raise DataError("\n  ".join(["the accepted strategies fail their suite:", *verdict.failures]))


if __name__ == "__main__":
    stage.run("accept", main)
