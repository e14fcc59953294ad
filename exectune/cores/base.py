"""What every core offers, and every guide and teacher that is a model: prompts in, replies out, in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Sampling:
    """How a reply is drawn; part of a call's identity. `temperature` 0 is greedy."""

    max_new_tokens: int
    temperature: float = 0.0
    stop: str = "\n"
    seed: int = 0


@dataclass(frozen=True)
class Reply:
    """One reply with what it took."""

    text: str
    tokens_in: int
    tokens_out: int
    latency_s: float


class Model(Protocol):
    """A language model that completes text; `name` tells it apart from every other in the ledger."""

    @property
    def name(self) -> str: ...

    def generate(self, prompts: Sequence[str], sampling: Sampling) -> list[Reply]:
        """One reply a prompt, in the prompts' order; a prompt includes any few-shot prefix."""
        ...
