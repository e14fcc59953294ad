"""baseline: the core alone on every task, with its own few-shot prompt.

In: artifacts/prepare. Out: artifacts/baseline/outcomes.parquet, metrics/baseline.json. What the core does without a
guide is what the reward and every comparison are measured against.

    python -m stages.baseline
"""

from exectune import stage
from exectune.executability import metrics
from exectune.models import load_model
from exectune.outcome import to_frame, write_frame
from exectune.policy import GuideCorePolicy
from exectune.progress import Progress
from exectune.task import SPLITS, read_all


def main(this: stage.Stage) -> None:
    """Ask the core alone."""
    tasks = [task for split in SPLITS for task in read_all(split)]
    core = load_model(this.params.models.core, this.params)
    with Progress("baseline", len(tasks)) as progress:
        policy = GuideCorePolicy(None, core, this.ledger, this.params, progress.advance)
        outcomes = to_frame(policy.run(tasks, arm="core", run_id=this.run_id))
    write_frame(outcomes, this.folder / "outcomes.parquet")
    figures = metrics(outcomes, resamples=1000, seed=this.params.seed)["core"]
    this.write_metrics(figures)
    for split, cell in figures.items():
        print(f"baseline: the core alone is right on {cell['accuracy']['value']:.1%} of {split}")


if __name__ == "__main__":
    stage.run("baseline", main)
