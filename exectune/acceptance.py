"""Acceptance sampling: candidates in, each with what this very core made of it. Only what it executed is trained on.

Kept: parsed, leaks nothing, every step carried out, the answer right, and not the same strategy for the same task
twice. Everything else is kept apart with the reason.
"""

from collections.abc import Sequence

import polars as pl

from exectune.candidate import Candidate, Tried
from exectune.cores.base import Reply
from exectune.ledger import Billed
from exectune.outcome import Outcome
from exectune.policy import GuideCorePolicy

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "task_id": pl.String,
    "family": pl.String,
    "question": pl.String,
    "candidate": pl.Int64,
    "round": pl.Int64,
    "strategy": pl.String,
    "wordings": pl.List(pl.String),
    "accepted": pl.Boolean,
    "valid": pl.Boolean,
    "executed": pl.Boolean,
    "correct": pl.Boolean,
    "leak": pl.Boolean,
    "reason": pl.String,
    "failed_step": pl.Int64,
    "replies": pl.List(pl.String),
    "answer": pl.String,
    "usd": pl.Float64,
}


def try_candidates(
    policy: GuideCorePolicy,
    candidates: Sequence[Candidate],
    *,
    round_number: int,
    accepted: set[tuple[str, str]],
) -> list[Tried]:
    """Have the core carry candidates out; `accepted` holds the (task id, strategy) kept so far, and grows."""
    tasks = [candidate.task for candidate in candidates]
    texts = [candidate.text for candidate in candidates]
    calls = [Billed(Reply(text, 0, 0, 0.0), 0.0, True) for text in texts]
    solutions = policy.carry_out(tasks, calls)
    tried = []
    for candidate, text, solution in zip(candidates, texts, solutions, strict=True):
        outcome = policy.judge(candidate.task, solution, arm="teacher", run_id="")
        reason = _reason(outcome, (candidate.task.id, text) in accepted)
        if not reason:
            accepted.add((candidate.task.id, text))
        tried.append(Tried(candidate, round_number, outcome, reason))
    return tried


def to_frame(tried: Sequence[Tried]) -> pl.DataFrame:
    """Accepted and rejected candidates as one table."""
    return pl.DataFrame([_row(one) for one in tried], schema=SCHEMA)


def _reason(outcome: Outcome, duplicate: bool) -> str:
    if outcome.error:
        return "error"
    if not outcome.valid or not outcome.executed:
        return outcome.reason
    if not outcome.in_budget:
        return "over_budget"
    if not outcome.correct:
        return "wrong_answer"
    return "duplicate" if duplicate else ""


def _row(one: Tried) -> dict[str, object]:
    outcome = one.outcome
    same = ("task_id", "family", "question", "strategy", "valid", "executed", "correct", "leak")
    return {name: getattr(outcome, name) for name in (*same, "failed_step", "answer", "usd")} | {
        "candidate": one.candidate.number,
        "round": one.round_number,
        "wordings": list(one.candidate.wordings),
        "accepted": one.accepted,
        "reason": one.reason,
        "replies": list(outcome.replies),
    }
