"""Rollouts: strategies sampled from a guide, carried out by the core, and rewarded.

In: tasks and completions. Out: one reward each. The core calls of one generation go out as one batch, and every call
of guide and core is in the ledger.
"""

from collections.abc import Callable, Sequence
from statistics import mean

import polars as pl

from exectune.cores.base import Model, Reply, Sampling
from exectune.guides.prompt import question_prompt
from exectune.judge import Judge
from exectune.ledger import Billed
from exectune.outcome import Outcome
from exectune.params import Rl
from exectune.policy import GuideCorePolicy
from exectune.reward import NOTHING, terms
from exectune.task import Task

Log = Callable[[str, float], None]


def screen(
    policy: GuideCorePolicy,
    guide: Model,
    tasks: Sequence[Task],
    settings: Rl,
    seed: int,
    on_news: Callable[[int, float], None],
) -> list[float]:
    """How often the guide gets each task right, over `screen_samples` sampled strategies."""
    again = [task for task in tasks for _ in range(settings.screen_samples)]
    calls = policy.ledger.complete(
        guide,
        [question_prompt(task.question) for task in again],
        Sampling(settings.max_new_tokens, settings.temperature, stop="", seed=seed),
        role="guide",
        samples=[number for _ in tasks for number in range(settings.screen_samples)],
        on_news=on_news,
    )
    solutions = policy.carry_out(again, calls)
    right = [
        policy.judge(task, solution, arm="screen", run_id="").correct
        for task, solution in zip(again, solutions, strict=True)
    ]
    size = settings.screen_samples
    return [mean(right[start : start + size]) for start in range(0, len(right), size)]


class Rollouts:
    """The reward of one training: what `train_rl` calls after each generation."""

    def __init__(
        self, policy: GuideCorePolicy, tasks: Sequence[Task], alone: pl.DataFrame, judge: Judge | None = None
    ) -> None:
        """`alone`: the outcomes of the core alone on the tasks."""
        self.policy, self.tasks, self.judge = policy, tasks, judge
        self.alone = {row["task_id"]: row for row in alone.iter_rows(named=True)}
        self.usd = 0.0
        self.note = ""

    def reward(
        self, places: Sequence[int], completions: Sequence[str], sizes: Sequence[tuple[int, int]], log: Log
    ) -> list[float | None]:
        """One reward a completion, of `sizes` (tokens read, written); the means of the terms go to the step's log."""
        tasks = [self.tasks[place] for place in places]
        replies = [Reply(text, *size, 0.0) for text, size in zip(completions, sizes, strict=True)]
        prices = self.policy.ledger.record(role="guide", model="guide in training", replies=replies)
        calls = [Billed(reply, usd, False) for reply, usd in zip(replies, prices, strict=True)]
        solutions = self.policy.carry_out(tasks, calls)
        outcomes = [
            self.policy.judge(task, solution, arm="rl", run_id="")
            for task, solution in zip(tasks, solutions, strict=True)
        ]
        points = self._judged(outcomes)
        rows = [  # None: a call failed, so the strategy carries no signal
            None
            if outcome.error or judged is None
            else terms(
                valid=outcome.valid,
                executed=outcome.executed and outcome.in_budget,
                correct=outcome.correct,
                alone_correct=self.alone[task.id]["correct"],
                usd=outcome.usd,
                alone_usd=self.alone[task.id]["usd"],
                weights=self.policy.params.rl.reward,
                judge=judged,
            )
            for task, outcome, judged in zip(tasks, outcomes, points, strict=True)
        ]
        paid = sum(prices) + sum(call.paid_usd for solution in solutions for call in solution.core_calls)
        log("correct", mean(outcome.correct for outcome in outcomes))
        log("executed", mean(outcome.executed for outcome in outcomes))
        log("valid", mean(outcome.valid for outcome in outcomes))
        log("usd", paid)
        known = [row for row in rows if row] or [NOTHING]
        for name in ("degrade", "cost"):
            log(name, mean(getattr(row, name) for row in known))
        if self.judge:
            log("judge", mean(row.judge for row in known))
        self.usd += paid
        self.note = f"reward {mean(row.total for row in known):.2f}"
        return [row.total if row else None for row in rows]

    def _judged(self, outcomes: Sequence[Outcome]) -> list[float | None]:
        """The judge's points, weighted, where there is a judge and a strategy to read; else 0. None: it failed."""
        weight = self.policy.params.judge.weight
        if self.judge is None or weight == 0:
            return [0.0] * len(outcomes)
        readable = [outcome for outcome in outcomes if outcome.valid]
        points = iter(self.judge.points(readable))
        found = [next(points) if outcome.valid else 0.0 for outcome in outcomes]
        return [None if judged is None else weight * judged for judged in found]
