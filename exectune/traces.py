"""Traces: some of the answered questions of an evaluation, call by call, as MLflow's page of traces shows them.

A trace has a span of the guide and a span of the core, each with tokens, USD and time. It holds the question, the
strategy and the replies: no settings, no endpoints, no credentials.
"""

import random
from collections.abc import Mapping, Sequence

from exectune.ledger import Billed
from exectune.outcome import Outcome
from exectune.policy import Solution, tokens_read
from exectune.tracking import Span, Trace


def sample(solutions: Sequence[Solution], outcomes: Sequence[Outcome], count: int, seed: int) -> list[Trace]:
    """Traces of `count` solutions, or of all where there are fewer; the same ones for the same seed."""
    pairs = list(zip(solutions, outcomes, strict=True))
    return [_trace(*pair) for pair in random.Random(seed).sample(pairs, min(count, len(pairs)))]


def _trace(solution: Solution, outcome: Outcome) -> Trace:
    spans = []
    if solution.guide_call is not None:
        text = solution.guide_call.reply.text
        spans.append(
            _span(
                "guide",
                outcome.guide,
                {"question": outcome.question},
                {"strategy": text},
                [solution.guide_call],
            )
        )
    if solution.core_calls:
        replies = {"replies": list(outcome.replies)}
        spans.append(
            _span("core", outcome.core, {"strategy": outcome.strategy}, replies, solution.core_calls)
        )
    found = {
        "answer": outcome.answer,
        "gold": outcome.gold,
        "valid": outcome.valid,
        "executed": outcome.executed,
        "correct": outcome.correct,
        "why": outcome.error or outcome.reason,
        "usd": outcome.usd,
        "cached": outcome.cached,
    }
    return Trace(outcome.arm, {"question": outcome.question, "task_id": outcome.task_id}, found, spans)


def _span(
    name: str,
    model: str,
    inputs: Mapping[str, object],
    outputs: Mapping[str, object],
    calls: Sequence[Billed],
) -> Span:
    return Span(
        name=name,
        model=model,
        inputs=inputs,
        outputs=outputs,
        tokens_in=sum(tokens_read(call.reply) for call in calls),
        tokens_out=sum(call.reply.tokens_out for call in calls),
        usd=sum(call.usd for call in calls),
        latency_s=sum(call.reply.latency_s for call in calls),
    )
