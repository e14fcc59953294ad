"""Reward of one strategy: one scalar, made of named terms.

    r = 0 if not valid, else
        w_correct·correct + w_executed·executed + w_judge·judge − w_degrade·[core alone was right ∧ now wrong]
        − lambda·max(0, cost ÷ core-alone cost − 1)

One scalar and not several reward functions: a gate inside a sum of separately normalised rewards is no gate.
GRPO's division by the group's deviation would cancel the degrade term, which is the same for a whole group wherever
it matters: it acts only with `scale_rewards: none`.
"""

from dataclasses import dataclass

from exectune.params import Reward as Weights


@dataclass(frozen=True)
class Terms:
    """The signed contributions to one reward; all zero where the strategy is invalid."""

    correct: float
    executed: float
    degrade: float
    cost: float
    judge: float = 0.0

    @property
    def total(self) -> float:
        """The reward."""
        return self.correct + self.executed + self.degrade + self.cost + self.judge


NOTHING = Terms(0.0, 0.0, 0.0, 0.0)


def terms(
    *,
    valid: bool,
    executed: bool,
    correct: bool,
    alone_correct: bool,
    usd: float,
    alone_usd: float,
    weights: Weights,
    judge: float = 0.0,
) -> Terms:
    """The terms for one outcome, given what the core did alone on the same task.

    Args:
        usd: what guide and core cost, USD.
        judge: the judge's points, weighted.
        alone_usd: what the core alone cost on this task, USD; 0 leaves the cost term out.
    """
    if not valid:
        return NOTHING
    excess = max(0.0, usd / alone_usd - 1.0) if alone_usd > 0 else 0.0
    return Terms(
        correct=weights.correct * correct,
        executed=weights.executed * executed,
        degrade=-weights.degrade * (alone_correct and not correct),
        cost=-weights.cost * excess,
        judge=judge,
    )
