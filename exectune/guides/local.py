"""Guides that write: a model with a prompt, or strategies that are given.

In: questions. Out: one text a question, with the call that it came from; whether it is a strategy is for the parser.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from exectune.cores.base import Model, Reply, Sampling
from exectune.ledger import Billed, Ledger


class Guide(Protocol):
    """Whatever writes strategies."""

    @property
    def name(self) -> str:
        """Which guide, down to its weights."""
        ...

    def write(self, questions: Sequence[str], ledger: Ledger) -> list[Billed]:
        """One text a question, in order."""
        ...


@dataclass(frozen=True)
class ModelGuide:
    """Any model that is asked for a strategy."""

    model: Model
    prompt: Callable[[str], str]
    sampling: Sampling

    @property
    def name(self) -> str:
        return self.model.name

    def write(self, questions: Sequence[str], ledger: Ledger) -> list[Billed]:
        return ledger.complete(
            self.model, [self.prompt(question) for question in questions], self.sampling, role="guide"
        )


@dataclass(frozen=True)
class GivenGuide:
    """Strategies that exist already, by question: the `gold` arm. Where there is none, it writes nothing."""

    name: str
    strategies: Mapping[str, str]

    def write(self, questions: Sequence[str], ledger: Ledger) -> list[Billed]:
        return [
            Billed(Reply(self.strategies.get(question, ""), 0, 0, 0.0), 0.0, False) for question in questions
        ]
