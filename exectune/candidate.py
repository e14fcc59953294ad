"""Candidate: a strategy that a teacher offers, and what the core made of it."""

from dataclasses import dataclass

from exectune.outcome import Outcome
from exectune.strategy import Strategy, parse
from exectune.task import Task

OTHER_WORDING = (
    "other_wording"  # the reason of what was carried out and right, beside a settled strategy that was too
)


@dataclass(frozen=True)
class Candidate:
    """A text that the teacher offers as a strategy for a task.

    `wordings` has the id of the reference teacher's wording that each step is in; it is empty where one is in none.
    """

    task: Task
    number: int
    text: str
    wordings: tuple[str, ...]

    @property
    def key(self) -> tuple[str, str]:
        """The task and the text, whichever candidate it is."""
        return self.task.id, self.text

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps of a text that parses, however long they are."""
        strategy = parse(self.text, max_steps=10_000, max_step_chars=100_000)
        assert isinstance(strategy, Strategy)
        return strategy.steps


@dataclass(frozen=True)
class Tried:
    """A candidate and what the core made of it; `reason` is empty where it was accepted."""

    candidate: Candidate
    round_number: int
    outcome: Outcome
    reason: str

    @property
    def accepted(self) -> bool:
        """Whether the strategy may be trained on."""
        return self.reason == ""

    @property
    def failed_step(self) -> int | None:
        """The step that the core did not carry out, None where it carried out all."""
        return self.outcome.failed_step
