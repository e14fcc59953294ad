"""accept: the core executes each candidate; what it carried out and got right is kept.

In: artifacts/teacher, artifacts/prepare. Out: artifacts/accept/{accepted,rejected}.parquet (a row a candidate a
round, with the reason; accepted + rejected = candidates tried), docs/ (Data Docs of the accepted ones),
metrics/accept.json. A failure goes back to the teacher, which hears which step failed and what the core replied. At
the end the strategies settle on one wording an operation, see `exectune.acceptance`.

    python -m stages.accept
"""

import polars as pl

from exectune import stage
from exectune.acceptance import keep_settled, settled, to_frame, try_candidates
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
    settings = this.params.accept
    core, teacher = load_model(this.params.models.core, this.params), load_teacher(this.params, this.ledger)
    pending = candidates()
    tried: list[Tried] = []
    kept: set[tuple[str, str]] = set()
    figures: dict[str, object] = {}

    def attempt(name: str, number: int, asked: list[Candidate]) -> list[Tried]:
        steps = sum(max(candidate.text.count("\n") - 1, 0) for candidate in asked)  # about as many calls
        with Progress(f"accept, {name.replace('_', ' ')}", steps) as progress:
            policy = GuideCorePolicy(None, core, this.ledger, this.params, progress.advance)
            results = try_candidates(policy, asked, round_number=number, accepted=kept)
        share = wilson(sum(result.accepted for result in results), len(results))
        figures[name] = vars(share)
        print(
            f"accept: {name.replace('_', ' ')}: {share.value:.1%} of {share.n} candidates carried out and right"
        )
        return results

    for number in range(1, settings.rounds + 1):
        results = attempt(f"round_{number}", number, pending)
        tried += results
        failed = [result for result in results if not result.accepted]
        if number < settings.rounds:
            with Progress(f"accept, revising after round {number}", len(failed)) as progress:
                pending = teacher.revise(failed, tried, progress.advance)
    if settings.settle:
        last = settled(tried)
        seen = {one.candidate.key for one in tried}
        new = [candidate for candidate in last if candidate.key not in seen]
        tried = keep_settled(tried + attempt("settling", settings.rounds + 1, new), last)
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
