"""Acceptance sampling: candidates in, each with what this very core made of it. Only what it executed is trained on.

Kept: parsed, leaks nothing, every step carried out, the answer right, and not the same strategy for the same task
twice. Everything else is kept apart with the reason.

A guide that has read several ways to say one thing shares its certainty out among them, and may then take the one way
to say another. So at the end the strategies settle on one wording an operation: the one that the core has shown to
carry out most surely. They too must be executed to be kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from exectune import wordings
from exectune.candidate import OTHER_WORDING, Candidate, Tried
from exectune.cores.base import Reply
from exectune.guides.reference import reword
from exectune.ledger import Billed
from exectune.outcome import Outcome
from exectune.policy import GuideCorePolicy
from exectune.strategy import Strategy

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
    for candidate, solution in zip(candidates, solutions, strict=True):
        outcome = policy.judge(candidate.task, solution, arm="teacher", run_id="")
        reason = _reason(outcome, candidate.key in accepted)
        if not reason:
            accepted.add(candidate.key)
        tried.append(Tried(candidate, round_number, outcome, reason))
    return tried


def settled(tried: Sequence[Tried]) -> list[Candidate]:
    """A candidate a task, of the wordings that this core most surely carries out: the accepted one, else the last.

    Strategies with a step in a wording of its author's own are left out.
    """
    frame = to_frame(tried)
    surest = wordings.surest(wordings.rates(frame))
    known = [one for one in tried if one.candidate.wordings]
    one_a_task = {one.candidate.task.id: one for one in sorted(known, key=lambda one: one.accepted)}
    return [_settled(one.candidate, surest) for one in one_a_task.values()]


def keep_settled(tried: Sequence[Tried], settled: Sequence[Candidate]) -> list[Tried]:
    """The same, but where a task's settled strategy was accepted, its others are kept apart."""
    wanted = {candidate.key for candidate in settled}
    kept = {one.candidate.key for one in tried if one.accepted} & wanted
    done = {task_id for task_id, _ in kept}

    def gives_way(one: Tried) -> bool:
        return one.accepted and one.candidate.task.id in done and one.candidate.key not in kept

    return [replace(one, reason=OTHER_WORDING) if gives_way(one) else one for one in tried]


def to_frame(tried: Sequence[Tried]) -> pl.DataFrame:
    """Accepted and rejected candidates as one table."""
    return pl.DataFrame([_row(one) for one in tried], schema=SCHEMA)


def _settled(candidate: Candidate, surest: Mapping[str, str]) -> Candidate:
    into = tuple(surest[wordings.operation(wording)] for wording in candidate.wordings)
    steps = map(reword, candidate.steps, candidate.wordings, into)
    return Candidate(candidate.task, candidate.number, Strategy(tuple(steps)).text, into)


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
