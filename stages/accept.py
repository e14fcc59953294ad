"""accept: the core executes each candidate; what it carried out and got right is kept.

In: artifacts/teacher, artifacts/prepare. Out: artifacts/accept/{accepted,rejected}.parquet (a row a candidate a
round, with the reason; accepted + rejected = candidates tried), docs/ (Data Docs of the accepted ones),
metrics/accept.json. A failure goes back to the teacher, which hears which step failed and what the core replied.

    python -m stages.accept
"""

import polars as pl

from exectune import stage
from exectune.acceptance import Candidate, Tried, to_frame, try_candidates
from exectune.errors import DataError
from exectune.guides import reference
from exectune.models import load_model
from exectune.outcome import read_frame, write_frame
from exectune.policy import GuideCorePolicy
from exectune.progress import Progress
from exectune.stats import wilson
from exectune.task import read_all
from exectune.validation import validate_strategies


def main(this: stage.Stage) -> None:
    """Try, send back, try again; then store both sides and validate what was kept."""
    seed, core = this.params.seed, load_model(this.params.models.core, this.params)
    pending = candidates()
    tried: list[Tried] = []
    kept: set[tuple[str, str]] = set()
    figures: dict[str, object] = {}
    for number in range(1, this.params.accept.rounds + 1):
        steps = sum(len(candidate.worded.steps) for candidate in pending)
        with Progress(f"accept, round {number}", steps) as progress:
            policy = GuideCorePolicy(None, core, this.ledger, this.params, progress.advance)
            results = try_candidates(policy, pending, round_number=number, accepted=kept)
        tried += results
        share = wilson(sum(result.accepted for result in results), len(results))
        figures[f"round_{number}"] = vars(share)
        print(f"accept: round {number}: {share.value:.1%} of {share.n} candidates carried out and right")
        pending = [revised(result, tried, seed) for result in results if not result.accepted]
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
        Candidate(
            tasks[row["task_id"]],
            row["candidate"],
            reference.Worded(tuple(row["steps"]), tuple(row["wordings"])),
        )
        for row in frame.iter_rows(named=True)
    ]


def revised(result: Tried, tried: list[Tried], seed: int) -> Candidate:
    """The teacher's next wording of a candidate that failed."""
    candidate = result.candidate
    before = [one.candidate.worded for one in tried if one.candidate.task.id == candidate.task.id]
    worded = reference.revise(
        candidate.task, candidate.worded, result.failed_step, before, seed, result.round_number
    )
    return Candidate(candidate.task, candidate.number, worded)


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
