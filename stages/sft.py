"""sft: the guide learns the strategies that the core executed; beside it one that learns all of the teacher's.

In: artifacts/accept/accepted.parquet, artifacts/teacher, artifacts/prepare. Out: two LoRA adapters of the same
length of training, artifacts/sft/accepted and artifacts/sft/all (which shows what acceptance is worth), and
artifacts/sft/steps.csv.

    python -m stages.sft
"""

import polars as pl

from exectune import stage
from exectune.guides.prompt import question_prompt
from exectune.outcome import read_frame
from exectune.progress import Progress
from exectune.task import read_all
from exectune.training.checkpoints import Trained, checkpoint_folder
from exectune.training.sft import Pair, train_sft


def main(this: stage.Stage) -> None:
    """Train both adapters."""
    questions = {task.id: task.question for task in read_all("train")}
    accepted = pairs(read_frame("accept", "accepted"), questions)
    everything = pairs(read_frame("teacher", "strategies"), questions)
    trained = train(this, "accepted", accepted)
    trained_all = train(this, "all", everything)
    losses = pl.DataFrame({"step": trained.column("step"), "loss": trained.column("loss")})
    losses.with_columns(pl.Series("loss_all", trained_all.column("loss"))).write_csv(
        this.folder / "steps.csv"
    )
    last = {"loss": trained.column("loss")[-1], "loss_all": trained_all.column("loss")[-1]}
    this.write_metrics({"pairs": len(accepted), "pairs_all": len(everything), **last})


def pairs(frame: pl.DataFrame, questions: dict[str, str]) -> list[Pair]:
    """What the guide is asked and what it should write."""
    return [
        (question_prompt(questions[row["task_id"]]), row["strategy"]) for row in frame.iter_rows(named=True)
    ]


def train(this: stage.Stage, name: str, data: list[Pair]) -> Trained:
    """Train one adapter, from its last checkpoint if it was killed."""
    params = this.params
    checkpoints = checkpoint_folder("sft", name, data, params.sft, params.models, params.seed)
    with Progress(f"sft, {name}", params.sft.max_steps) as progress:
        return train_sft(
            data,
            this.folder / name,
            checkpoints,
            models=params.models,
            settings=params.sft,
            seed=params.seed,
            on_step=progress.reach,
        )


if __name__ == "__main__":
    stage.run("sft", main)
