"""evaluate: every arm on test and on held-out families, which nothing was trained on.

In: all guides, artifacts/prepare, artifacts/baseline, artifacts/accept. Out: artifacts/evaluate/outcomes.parquet (a
row an arm and task), artifacts/evaluate/report.html, metrics/evaluate.json, plots/{test,held_out}.csv.

    python -m stages.evaluate
"""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import polars as pl

from exectune import stage, tracking, weights, wordings
from exectune.breakeven import break_even
from exectune.cores.base import Sampling
from exectune.cores.local import LocalModel
from exectune.domains.table import of_protocol
from exectune.executability import decomposition, metrics, pairs
from exectune.faithful import faithfulness
from exectune.guides.local import GivenGuide, Guide, ModelGuide
from exectune.guides.prompt import few_shot_prompt
from exectune.guides.prompted import prompted_guide
from exectune.guides.reference import operation_of, word_steps
from exectune.judge import load_judge
from exectune.models import load_model
from exectune.outcome import Outcome, read_frame, to_frame, write_frame
from exectune.plots import write_plots
from exectune.policy import GuideCorePolicy, trained_guide
from exectune.progress import Progress
from exectune.report import write_report
from exectune.strategy import Strategy
from exectune.task import EVALUATED, Task, read_all
from exectune.traces import sample

ADAPTERS = {
    "sft_all": Path("artifacts/sft/all"),
    "sft": Path("artifacts/sft/accepted"),
    "rl": Path("artifacts/rl/adapter"),
}


def main(this: stage.Stage) -> None:
    """Run the arms, compute the figures, write the report."""
    params, settings = this.params, this.params.evaluate
    tasks = [task for split in EVALUATED for task in read_all(split)]
    core = load_model(params.models.core, params)
    baseline = read_frame("baseline", "outcomes")
    frames = [baseline.filter(pl.col("split").is_in(EVALUATED))]
    guided: list[Outcome] = []
    with Progress("evaluate", len(tasks) * (len(ADAPTERS) + 2)) as progress:
        for arm, guide in guides(this, tasks):
            policy = GuideCorePolicy(guide, core, this.ledger, params)
            solutions = policy.solve(tasks)
            made = [
                policy.judge(task, solution, arm=arm, run_id=this.run_id)
                for task, solution in zip(tasks, solutions, strict=True)
            ]
            guided += made
            if arm == "rl":
                tracking.log_traces(sample(solutions, made, settings.traces, params.seed))
            frames.append(to_frame(made))
            progress.advance(len(tasks), float(frames[-1]["usd"].sum()), arm)
    outcomes = pl.concat(frames)
    write_frame(outcomes, this.folder / "outcomes.parquet")
    arms = metrics(outcomes, resamples=settings.resamples, seed=params.seed)
    evaluation = {
        "arms": arms,
        "pairs": pairs(outcomes, resamples=settings.resamples, seed=params.seed),
        "decomposition": decomposition(outcomes),
        "break_even": break_even(arms, this.ledger.totals()),
    }
    judge = load_judge(params, this.ledger)
    if judge and params.judge.faithful:
        evaluation["faithful"] = faithfulness(judge, guided)
    this.write_metrics(evaluation)
    write_plots(Path("plots"), evaluation)
    report = this.folder / "report.html"
    write_report(
        report,
        outcomes=outcomes,
        baseline=baseline,
        accepted=read_frame("accept", "accepted"),
        rejected=read_frame("accept", "rejected"),
        evaluation=evaluation,
        ledger_totals=this.ledger.totals(),
        rl_steps=pl.read_csv("artifacts/rl/steps.csv"),
        sft_steps=pl.read_csv("artifacts/sft/steps.csv"),
        params_text=Path("params.yaml").read_text(encoding="utf-8"),
        tags=tracking.provenance(),
    )
    tracking.log_artifact(report)
    tracking.log_artifact(this.folder / "outcomes.parquet")


def guides(this: stage.Stage, tasks: Sequence[Task]) -> Iterator[tuple[str, Guide]]:
    """Arm after arm, so that one guide's weights are in memory at a time."""
    models, limit = this.params.models, this.params.evaluate.max_new_tokens
    prompt = partial(few_shot_prompt, shots=of_protocol(this.params.protocol.name).shots)
    base = LocalModel(weights.load(models.guide, models.dtype), batch_size=models.batch_size)
    yield "untrained", ModelGuide(base, prompt, Sampling(limit, stop=""))
    for arm, adapter in ADAPTERS.items():
        network = weights.load(models.guide, models.dtype, adapter)
        yield arm, trained_guide(LocalModel(network, batch_size=models.batch_size), limit)
    if all(task.steps for task in tasks):
        yield "gold", gold_guide(tasks)
    if this.params.evaluate.prompted:
        yield "prompted", prompted_guide(this.params)


def gold_guide(tasks: Sequence[Task]) -> Guide:
    """The gold steps, each operation in the wording that this core most surely carried out while accepting."""
    tried = pl.concat([read_frame("accept", "accepted"), read_frame("accept", "rejected")])
    best = wordings.surest(wordings.rates(tried))
    strategies = {task.question: Strategy(gold_steps(task, best)).text for task in tasks if task.steps}
    return GivenGuide("gold steps: " + ", ".join(sorted(best.values())), strategies)


def gold_steps(task: Task, best: dict[str, str]) -> tuple[str, ...]:
    """The gold steps in words; those of code are words already."""
    if task.domain != "maths":
        return task.steps
    return word_steps(task.steps, [best[operation_of(step)] for step in task.steps])


if __name__ == "__main__":
    stage.run("evaluate", main)
