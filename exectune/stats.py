"""Statistics of rates and paired differences. In: plain values, one a task. Out: a frozen interval or test.

All arms answer the same tasks, so every comparison is paired: exact McNemar for right and wrong, a bootstrap
over tasks for amounts. Intervals are at 95 %. A result of no values has n = 0 and says nothing (value 0,
p = 1); it is written as JSON like any other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
BLOCK = 4_000_000  # drawn indices held at once (32 MB)


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % interval, from n values."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Paired:
    """The mean of a − b with its 95 % interval; in `wins` of the n pairs a was greater, in `losses` b."""

    effect: float
    low: float
    high: float
    p: float
    n: int
    wins: int
    losses: int


def wilson(successes: int, n: int) -> Interval:
    """A rate with its Wilson interval. Of nothing: 0, from 0 to 1."""
    from scipy.stats import binomtest

    if n == 0:
        return Interval(0.0, 0.0, 1.0, 0)
    interval = binomtest(successes, n).proportion_ci(CONFIDENCE, method="wilson")
    return Interval(successes / n, float(interval.low), float(interval.high), n)


def upper_bound(successes: int, n: int) -> float:
    """The one-sided 95 % Wilson upper bound of a rate; 1 where nothing was tried."""
    if n == 0:
        return 1.0
    from scipy.stats import binomtest

    return float(binomtest(successes, n, alternative="less").proportion_ci(0.95, method="wilson").high)


def mean_interval(values: Sequence[float], *, resamples: int, seed: int) -> Interval:
    """A mean with its bootstrap percentile interval. Of nothing: 0, from 0 to 0."""
    if len(values) == 0:
        return Interval(0.0, 0.0, 0.0, 0)
    array = np.asarray(values, dtype=float)
    low, high = _percentiles(_resampled_means(array, resamples, seed))
    return Interval(float(array.mean()), low, high, len(values))


def mcnemar(a: Sequence[bool], b: Sequence[bool]) -> Paired:
    """Right or wrong of two arms on the same tasks: exact McNemar test, score interval of the difference.

    The interval is method 10 of Newcombe (1998), Statistics in Medicine 17, 2635-2650.
    """
    from scipy.stats import binomtest

    n = len(a)
    if n == 0:
        return Paired(0.0, -1.0, 1.0, 1.0, 0, 0, 0)
    rows = list(zip(a, b, strict=True))
    both, neither = rows.count((True, True)), rows.count((False, False))
    wins, losses = rows.count((True, False)), rows.count((False, True))
    p = float(binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0
    rate_a, rate_b, effect = wilson(both + wins, n), wilson(both + losses, n), (wins - losses) / n
    correlation = _corrected_phi(both, wins, losses, neither)
    down = _distance(rate_a.value - rate_a.low, rate_b.high - rate_b.value, correlation)
    up = _distance(rate_a.high - rate_a.value, rate_b.value - rate_b.low, correlation)
    return Paired(effect, max(-1.0, effect - down), min(1.0, effect + up), p, n, wins, losses)


def paired_bootstrap(a: Sequence[float], b: Sequence[float], *, resamples: int, seed: int) -> Paired:
    """Amounts of two arms on the same tasks: tasks are drawn with replacement, both arms together.

    `p` is two-sided: twice the share of resampled differences on the other side of zero, and never below
    2 / (resamples + 1).
    """
    differences = np.array([x - y for x, y in zip(a, b, strict=True)], dtype=float)
    if len(differences) == 0:
        return Paired(0.0, 0.0, 0.0, 1.0, 0, 0, 0)
    means = _resampled_means(differences, resamples, seed)
    low, high = _percentiles(means)
    tail = min(int((means <= 0).sum()), int((means >= 0).sum()))
    p = min(1.0, 2 * (tail + 1) / (resamples + 1))
    wins, losses = int((differences > 0).sum()), int((differences < 0).sum())
    return Paired(float(differences.mean()), low, high, p, len(differences), wins, losses)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given: compared with 0.05, the family's error stays below it."""
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def phi(a: Sequence[bool], b: Sequence[bool]) -> float | None:
    """The correlation of two yes-or-no columns; None where one of them is constant."""
    rows = list(zip(a, b, strict=True))
    both, neither = rows.count((True, True)), rows.count((False, False))
    only_a, only_b = rows.count((True, False)), rows.count((False, True))
    scale = _scale(both, only_a, only_b, neither)
    return (both * neither - only_a * only_b) / scale if scale else None


def _scale(both: int, only_a: int, only_b: int, neither: int) -> float:
    return sqrt((both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither))


def _corrected_phi(both: int, only_a: int, only_b: int, neither: int) -> float:
    """Newcombe's phi: a positive one is corrected for continuity, so that no interval shrinks to a point."""
    scale = _scale(both, only_a, only_b, neither)
    product = float(both * neither - only_a * only_b)
    if product > 0:
        product = max(0.0, product - (both + only_a + only_b + neither) / 2)
    return product / scale if scale else 0.0


def _distance(own: float, other: float, correlation: float) -> float:
    return sqrt(max(0.0, own**2 - 2 * correlation * own * other + other**2))


def _resampled_means(values: NDArray[np.float64], resamples: int, seed: int) -> NDArray[np.float64]:
    generator, rows = np.random.default_rng(seed), max(1, BLOCK // len(values))
    parts = []
    for start in range(0, resamples, rows):
        drawn = generator.integers(len(values), size=(min(rows, resamples - start), len(values)))
        parts.append(values[drawn].mean(axis=1))
    return np.concatenate(parts)


def _percentiles(means: NDArray[np.float64]) -> tuple[float, float]:
    outside = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(means, [outside, 100 - outside])
    return float(low), float(high)
