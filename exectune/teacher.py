"""Teacher: who writes the strategies that the core tries, and revises those that failed.

`reference` words the gold steps. `bedrock/MODEL` and `openai/MODEL` write from the question alone and hear what the
core made of it. `self` is the untrained guide, for users without a strong model: it draws anew where one failed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from exectune.candidate import Candidate, Tried
from exectune.cores.base import Model, Sampling
from exectune.domains.table import of_protocol
from exectune.errors import ParamsError
from exectune.guides import reference
from exectune.guides.prompt import few_shot_prompt
from exectune.guides.reference import Worded, wording_of
from exectune.guides.teacher_prompt import STOP, block_of, first_prompt, revision_prompt, system_prompt
from exectune.ledger import Billed, Ledger
from exectune.params import Params
from exectune.strategy import Strategy, parse
from exectune.task import Task

News = Callable[[int, float], None]  # candidates written, USD paid
NOT_ITS_FAULT = ("error", "duplicate")  # why a candidate was not accepted: nothing to revise


class Teacher(Protocol):
    """Whoever writes candidates."""

    def write(self, tasks: Sequence[Task], on_news: News) -> list[Candidate]:
        """The first candidates; fewer than asked for where calls failed or nothing can be written."""
        ...

    def revise(self, failed: Sequence[Tried], tried: Sequence[Tried], on_news: News) -> list[Candidate]:
        """Another candidate for each that failed, as far as there is one; `tried` holds all until now."""
        ...


def load_teacher(params: Params, ledger: Ledger) -> Teacher:
    """The teacher that `teacher.name` means.

    Raises:
        ParamsError: several candidates a task, and a temperature at which all would be alike.
    """
    settings = params.teacher
    if settings.name == "reference":
        return ReferenceTeacher(settings.candidates, params.seed)
    if settings.candidates > 1 and settings.temperature == 0:
        raise ParamsError(
            f"params.yaml: teacher.candidates is {settings.candidates} and teacher.temperature 0, so that all "
            "candidates of a task would be alike: set a temperature above 0, or 1 candidate"
        )
    from exectune.models import load_model

    own = settings.name == "self"
    model = load_model(params.models.guide if own else settings.name, params)
    return ModelTeacher(model, own, params, ledger)


@dataclass(frozen=True)
class ReferenceTeacher:
    """Words the gold steps; see `exectune.guides.reference`."""

    candidates: int
    seed: int

    def write(self, tasks: Sequence[Task], on_news: News) -> list[Candidate]:
        return [
            _worded(task, number, worded)
            for task in tasks
            for number, worded in enumerate(reference.candidates(task, self.candidates, self.seed))
        ]

    def revise(self, failed: Sequence[Tried], tried: Sequence[Tried], on_news: News) -> list[Candidate]:
        return [self._revised(result, tried) for result in failed]

    def _revised(self, result: Tried, tried: Sequence[Tried]) -> Candidate:
        candidate = result.candidate
        before = [as_worded(one.candidate) for one in tried if one.candidate.task.id == candidate.task.id]
        failed_step, attempt = result.failed_step, result.round_number
        worded = reference.revise(
            candidate.task, as_worded(candidate), failed_step, before, self.seed, attempt
        )
        return _worded(candidate.task, candidate.number, worded)


@dataclass(frozen=True)
class ModelTeacher:
    """A model that writes strategies; `own` where it is the untrained guide, which takes no feedback."""

    model: Model
    own: bool
    params: Params
    ledger: Ledger

    def write(self, tasks: Sequence[Task], on_news: News) -> list[Candidate]:
        asked = [(task, number) for task in tasks for number in range(self.params.teacher.candidates)]
        prompts = [
            self._own_prompt(task.question) if self.own else first_prompt(task.question) for task, _ in asked
        ]
        return self._ask(asked, prompts, 0, on_news)

    def revise(self, failed: Sequence[Tried], tried: Sequence[Tried], on_news: News) -> list[Candidate]:
        again = [result for result in failed if result.reason not in NOT_ITS_FAULT]
        asked = [(result.candidate.task, result.candidate.number) for result in again]
        prompts = [
            self._own_prompt(result.outcome.question) if self.own else revision_prompt(result.outcome)
            for result in again
        ]
        rounds = again[0].round_number if again else 0
        return self._ask(asked, prompts, rounds * self.params.teacher.candidates, on_news)

    def _own_prompt(self, question: str) -> str:
        return few_shot_prompt(question, of_protocol(self.params.protocol.name).shots)

    def _ask(
        self, asked: Sequence[tuple[Task, int]], prompts: Sequence[str], first: int, on_news: News
    ) -> list[Candidate]:
        """One reply a prompt, as candidates; `first` is the number of the first draw from one prompt."""
        calls = self.ledger.complete(
            self.model,
            prompts,
            sampling(self.params),
            role="teacher",
            prefix="" if self.own else system_prompt(self.params),
            samples=[first + number for _, number in asked],
            on_news=on_news,
        )
        return [
            _written(task, number, call)
            for (task, number), call in zip(asked, calls, strict=True)
            if not call.failure
        ]


def sampling(params: Params) -> Sampling:
    """How a model that is teacher draws its strategies; the guide itself knows where to end."""
    settings, stop = params.teacher, "" if params.teacher.name == "self" else STOP
    return Sampling(settings.max_new_tokens, settings.temperature, stop, params.seed)


def as_worded(candidate: Candidate) -> Worded:
    """A candidate of the reference teacher as it was worded."""
    return Worded(candidate.steps, candidate.wordings)


def _worded(task: Task, number: int, worded: Worded) -> Candidate:
    return Candidate(task, number, Strategy(worded.steps).text, worded.wordings)


def _written(task: Task, number: int, call: Billed) -> Candidate:
    text = block_of(call.reply.text, call.reply.stop_reason == "stop")
    strategy = parse(text, max_steps=10_000, max_step_chars=100_000)
    if not isinstance(strategy, Strategy):
        return Candidate(task, number, text, ())
    wordings = tuple(name for step in strategy.steps if (name := wording_of(step)))
    return Candidate(task, number, strategy.text, wordings if len(wordings) == len(strategy.steps) else ())
