"""GuideCorePolicy: a guide writes a strategy, a frozen core carries it out. All arms are this one class.

In: questions. Out: a `Solution` each, which `judge` turns into an `Outcome` with the gold answer. Without a guide
the core works alone, with its own few-shot prompt and one expression for the whole problem.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from exectune import calculator
from exectune.cores.base import Model, Reply, Sampling
from exectune.domains.domain import Domain
from exectune.domains.table import core_protocol, of_protocol
from exectune.guides.local import Guide, ModelGuide
from exectune.guides.prompt import question_prompt
from exectune.ledger import Billed, Ledger
from exectune.outcome import Outcome
from exectune.params import Params
from exectune.protocols.execution import CoreProtocol, Execution
from exectune.strategy import Invalid, Strategy, parse
from exectune.task import Task

ALONE = "alone"


@dataclass(frozen=True)
class Solution:
    """What guide and core made of one question, before anybody looks at the gold answer."""

    question: str
    guide_call: Billed | None
    strategy: Strategy | Invalid | None
    core_calls: tuple[Billed, ...]
    executed: bool
    reason: str
    failed_step: int | None
    answer: Fraction | str | None  # a number, or a program
    error: str = ""  # a call that failed: the solution is not scored


@dataclass(frozen=True)
class GuideCorePolicy:
    """A guide, or none, and a core; every call goes through the ledger."""

    guide: Guide | None
    core: Model
    ledger: Ledger
    params: Params
    on_calls: Callable[[int, float], None] | None = None  # hears of core calls made and USD paid

    @property
    def protocol(self) -> CoreProtocol:
        """How the core is asked to carry a strategy out."""
        return core_protocol(self.params)

    @property
    def domain(self) -> Domain:
        """The kind of tasks: the protocol tells it."""
        return of_protocol(self.params.protocol.name)

    def solve(self, tasks: Sequence[Task]) -> list[Solution]:
        """Solve tasks in one batch. Of a task only the question is shown to guide and core; the gold answer serves
        to stop a strategy that leaks it before the core is asked."""
        if self.guide is None:
            return self._solve_alone(tasks)
        calls = self.guide.write([task.question for task in tasks], self.ledger)
        return self.carry_out(tasks, calls)

    def carry_out(self, tasks: Sequence[Task], guide_calls: Sequence[Billed]) -> list[Solution]:
        """Have the core carry out what a guide wrote, one text a task."""
        strategies = [
            self._parse(task, call.reply.text) for task, call in zip(tasks, guide_calls, strict=True)
        ]
        valid = [
            (task, strategy)
            for task, strategy in zip(tasks, strategies, strict=True)
            if isinstance(strategy, Strategy)
        ]
        asked = [task for task, _ in valid]
        executions = iter(self.protocol.execute(asked, [strategy for _, strategy in valid], self._ask))
        return [
            _guided(task, call, strategy, next(executions) if isinstance(strategy, Strategy) else None)
            for task, call, strategy in zip(tasks, guide_calls, strategies, strict=True)
        ]

    def judge(self, task: Task, solution: Solution, *, arm: str, run_id: str) -> Outcome:
        """The outcome of one solution: the verifier's word and what it cost."""
        strategy, guide_call = solution.strategy, solution.guide_call
        guide_reply = guide_call.reply if guide_call else Reply("", 0, 0, 0.0)
        replies = [call.reply for call in solution.core_calls]
        limit = (
            self.params.baseline.max_new_tokens if guide_call is None else self.params.protocol.max_new_tokens
        )
        tokens_in = sum(tokens_read(reply) for reply in replies)
        tokens_out = sum(reply.tokens_out for reply in replies)
        found = solution.answer
        answer = calculator.format_value(found) if isinstance(found, Fraction) else found or ""
        right = found is not None and self.domain.is_right(answer, task, self.params.sandbox)
        return Outcome(
            run_id=run_id,
            arm=arm,
            seed=self.params.seed,
            task_id=task.id,
            split=task.split,
            family=task.family,
            domain=task.domain,
            guide=self.guide.name if self.guide else "",
            core=self.core.name,
            protocol=ALONE if guide_call is None else self.protocol.VERSION,
            question=task.question,
            strategy=guide_reply.text,
            valid=not isinstance(strategy, Invalid),
            reason=strategy.reason if isinstance(strategy, Invalid) else solution.reason,
            executed=solution.executed,
            in_budget=all(reply.tokens_out < limit for reply in replies),
            correct=right,
            leak=isinstance(strategy, Invalid) and strategy.reason == "leak",
            answer=answer,
            gold=task.answer,
            replies=tuple(reply.text.strip() for reply in replies),
            failed_step=solution.failed_step,
            guide_tokens_in=tokens_read(guide_reply),
            guide_tokens_out=guide_reply.tokens_out,
            core_tokens_in=tokens_in,
            core_tokens_out=tokens_out,
            usd=(guide_call.usd if guide_call else 0.0) + sum(call.usd for call in solution.core_calls),
            latency_s=guide_reply.latency_s + sum(reply.latency_s for reply in replies),
            cached=bool(solution.core_calls) and all(call.cached for call in solution.core_calls),
            error=solution.error or None,
        )

    def run(self, tasks: Sequence[Task], *, arm: str, run_id: str) -> list[Outcome]:
        """Solve tasks and judge the solutions."""
        solutions = self.solve(tasks)
        return [
            self.judge(task, solution, arm=arm, run_id=run_id)
            for task, solution in zip(tasks, solutions, strict=True)
        ]

    def answer(self, questions: Sequence[str]) -> list[dict[str, object]]:
        """Serve questions that have no gold answer."""
        tasks = [Task(str(number), "test", "", question, (), "") for number, question in enumerate(questions)]
        outcomes = self.run(tasks, arm="served", run_id="")
        fields = ("strategy", "answer", "valid", "executed", "reason", "usd", "latency_s")
        return [{name: getattr(outcome, name) for name in fields} for outcome in outcomes]

    def _parse(self, task: Task, text: str) -> Strategy | Invalid:
        limits = self.params.strategy
        strategy = parse(text, max_steps=limits.max_steps, max_step_chars=limits.max_step_chars)
        is_served = not task.answer and not task.tests  # it has no gold answer to give away
        if isinstance(strategy, Strategy) and not is_served and self.domain.leaks(strategy, task):
            return Invalid("leak")
        return strategy

    def _ask(self, prefix: str, prompts: Sequence[str]) -> list[Billed]:
        return self._complete(prefix, prompts, self.params.protocol.max_new_tokens)

    def _solve_alone(self, tasks: Sequence[Task]) -> list[Solution]:
        prompts = [self.protocol.alone_prompt(task.question) for task in tasks]
        calls = self._complete(self.protocol.ALONE_PREFIX, prompts, self.params.baseline.max_new_tokens)
        return [self._alone(task, call) for task, call in zip(tasks, calls, strict=True)]

    def _complete(self, prefix: str, prompts: Sequence[str], max_new_tokens: int) -> list[Billed]:
        sampling = Sampling(max_new_tokens, stop=self.protocol.STOP)
        return self.ledger.complete(
            self.core, prompts, sampling, role="core", prefix=prefix, on_news=self.on_calls
        )

    def _alone(self, task: Task, call: Billed) -> Solution:
        if call.failure:
            return Solution(task.question, None, None, (call,), False, "", None, None, call.failure)
        answer: Fraction | str | None
        try:
            answer, reason = self.protocol.read_alone(call.reply.text), ""
        except calculator.CalculationError as error:
            answer, reason = None, str(error)
        return Solution(task.question, None, None, (call,), answer is not None, reason, None, answer)


def tokens_read(reply: Reply) -> int:
    """What a call read, the provider's cache included."""
    return reply.tokens_in + reply.tokens_cache_read + reply.tokens_cache_write


def _guided(task: Task, call: Billed, strategy: Strategy | Invalid, execution: Execution | None) -> Solution:
    if execution is None:
        return Solution(task.question, call, strategy, (), False, "", None, None, call.failure)
    return Solution(
        question=task.question,
        guide_call=call,
        strategy=strategy,
        core_calls=tuple(execution.calls),
        executed=execution.executed,
        reason=execution.reason,
        failed_step=execution.failed_step,
        answer=execution.answer,
        error=execution.error,
    )


def trained_guide(model: Model, max_new_tokens: int) -> Guide:
    """A guide that was trained on bare problems, greedy."""
    return ModelGuide(model, question_prompt, Sampling(max_new_tokens, stop=""))


def load(params: Params, adapter: Path | None, ledger: Ledger) -> GuideCorePolicy:
    """The policy that serves: core and guide from params, the guide's adapter from a folder."""
    from exectune import weights
    from exectune.cores.local import LocalModel
    from exectune.models import load_model

    models = params.models
    network = weights.load(models.guide, models.dtype, adapter)
    guide = trained_guide(LocalModel(network, batch_size=models.batch_size), params.evaluate.max_new_tokens)
    return GuideCorePolicy(guide, load_model(models.core, params), ledger, params)
