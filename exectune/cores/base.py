"""What every core offers, and every guide, teacher and judge that is a model: calls in, replies out.

A `Model` takes calls from an exchange, as many as it can work on at once, and hands back what came of them. The
exchange is the ledger's: it reserves what a call may cost before it gives the call out, and settles it when the
reply comes in. So nothing is asked without a reservation, and nothing that was answered is lost.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from exectune.errors import CallError


@dataclass(frozen=True)
class Sampling:
    """How a reply is drawn; part of a call's identity. `temperature` 0 is greedy."""

    max_new_tokens: int
    temperature: float = 0.0
    stop: str = "\n"
    seed: int = 0


@dataclass(frozen=True)
class Reply:
    """One reply with what it took.

    `tokens_in` counts what was read at the full price: neither what the provider read from its cache nor what it wrote
    there. `stop_reason` is `stop`, `length`, or why this is no answer: `content_filter`, `guardrail`.
    """

    text: str
    tokens_in: int
    tokens_out: int
    latency_s: float
    tokens_cache_read: int = 0
    tokens_cache_write: int = 0
    stop_reason: str = "stop"


@dataclass(frozen=True)
class Call:
    """One call that the ledger has reserved: `prefix` is what all calls of a kind begin with, a system prompt.

    `attempt` is the id under which this attempt is journalled; it goes out with the request.
    """

    id: int
    prefix: str
    prompt: str
    attempt: str


Result = Reply | CallError


class Exchange(Protocol):
    """Where a model gets its calls, and brings its results."""

    def swap(self, results: Sequence[tuple[Call, Result]], room: int) -> list[Call]:
        """Settle results, and reserve up to `room` more calls; none when nothing is left to ask.

        Raises:
            BudgetReached: nothing is in flight, and the next call may cost more than is left.
        """
        ...

    def again(self, call: Call, error: CallError) -> Call:
        """Journal a failed attempt and reserve the next one. May be called from any thread.

        Raises:
            BudgetReached: the next attempt may cost more than is left.
        """
        ...


class Model(Protocol):
    """A language model that completes text; `name` tells it apart from every other in the ledger."""

    @property
    def name(self) -> str: ...

    @property
    def paid(self) -> bool:
        """Whether its calls cost money, so that budgets hold for them."""
        ...

    def answer(self, exchange: Exchange, sampling: Sampling) -> None:
        """Work on the exchange's calls until it has no more."""
        ...


class Endpoint(Protocol):
    """One paid API: `name` is `provider/model`, its identity in the ledger."""

    @property
    def name(self) -> str: ...

    def send(self, prefix: str, prompt: str, sampling: Sampling, *, attempt: str, timeout_s: float) -> Reply:
        """One request, never repeated here; may be called from many threads.

        Raises:
            CallError: what came of it, and whether it may have been billed.
        """
        ...


def answer_in_batches(
    generate: Callable[[Sequence[str], Sampling], list[Reply]],
    exchange: Exchange,
    sampling: Sampling,
    *,
    batch: int,
) -> None:
    """`Model.answer` for a model that completes `batch` texts at once and does not fail."""
    calls = exchange.swap([], batch)
    while calls:
        replies = generate([call.prefix + call.prompt for call in calls], sampling)
        calls = exchange.swap(list(zip(calls, replies, strict=True)), batch)
