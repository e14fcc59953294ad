"""rl: the guide is rewarded for strategies that the core executes and gets right, without harm, at low cost.

In: artifacts/sft/accepted, artifacts/baseline, artifacts/prepare. Out: artifacts/rl/adapter, artifacts/rl/steps.csv.
First a few strategies are sampled for some training tasks: a task that the guide always or never gets right would
teach nothing, since GRPO compares within a task, so only the others are drawn from. They are the last of the training
tasks: the teacher begins with the first, and a guide knows the tasks that it has learnt from.

    python -m stages.rl
"""

from pathlib import Path

import polars as pl

from exectune import stage, weights
from exectune.cores.local import LocalModel
from exectune.guides.prompt import question_prompt
from exectune.judge import load_judge
from exectune.models import load_model
from exectune.outcome import read_frame
from exectune.policy import GuideCorePolicy
from exectune.progress import Progress
from exectune.rollouts import Rollouts, screen
from exectune.task import Task, read_all
from exectune.training.checkpoints import checkpoint_folder
from exectune.training.grpo import train_rl

START = Path("artifacts/sft/accepted")
COLUMNS = ("step", "reward", "correct", "executed", "valid", "degrade", "cost", "groups_with_variance", "usd")


def main(this: stage.Stage) -> None:
    """Screen the training tasks, then train."""
    params, models = this.params, this.params.models
    core = load_model(models.core, params)
    policy = GuideCorePolicy(None, core, this.ledger, params)
    tasks = screened(this, policy)
    alone = read_frame("baseline", "outcomes").filter(pl.col("split") == "train")
    rollouts = Rollouts(policy, tasks, alone, load_judge(params, this.ledger))
    with Progress("rl", params.rl.max_steps) as progress:
        trained = train_rl(
            [question_prompt(task.question) for task in tasks],
            rollouts.reward,
            START,
            this.folder / "adapter",
            checkpoint_folder("rl", tasks, weights.digest(START), params.rl, models, params.seed),
            models=models,
            settings=params.rl,
            seed=params.seed,
            on_step=lambda step: progress.reach(step, rollouts.usd, rollouts.note),
        )
    steps = [{**entry, "groups_with_variance": 1 - entry["frac_reward_zero_std"]} for entry in trained.steps]
    frame = pl.DataFrame([{name: float(entry[name]) for name in COLUMNS} for entry in steps])
    frame.write_csv(this.folder / "steps.csv")
    last = frame.tail(5).mean().to_dicts()[0]
    this.write_metrics({"tasks": len(tasks), "steps": frame.height, "last_5_steps": last})


def screened(this: stage.Stage, policy: GuideCorePolicy) -> list[Task]:
    """The training tasks that the guide gets right sometimes."""
    params, settings = this.params, this.params.rl
    network = weights.load(params.models.guide, params.models.dtype, START)
    guide = LocalModel(network, batch_size=params.models.batch_size)
    tasks = read_all("train")[-settings.screen_tasks :]
    with Progress("rl, screening", len(tasks) * settings.screen_samples) as progress:
        rates = screen(policy, guide, tasks, settings, params.seed, progress.advance)
    kept = [task for task, rate in zip(tasks, rates, strict=True) if 0 < rate < 1]
    print(
        f"rl: of {len(tasks)} tasks the guide gets {sum(rate == 1 for rate in rates)} always right, "
        f"{sum(rate == 0 for rate in rates)} never; drawing from the other {len(kept)}"
    )
    return kept if len(kept) >= settings.prompts_per_step else tasks


if __name__ == "__main__":
    stage.run("rl", main)
