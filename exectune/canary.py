"""Canary: does the core do worse on the champion's tasks than at promotion? Rows of outcomes in, evidence out.

Null: the core is unchanged. Then a task's outcomes at promotion and on all nights are draws from one distribution, its
own and unknown. Tasks are independent of each other; nights are not: the same tasks come back, and what they are
compared with is a single draw too. To count against it every night would add up that draw's luck.
What the null does say: within a task, order means nothing. Of all outcomes that a task ever had, promotion and tonight
included, some share was bad, and tonight's was one of those with just that probability. So the number of bad ones
tonight is a sum of coins that are known, and its tail is the night's p-value: a conformal one (Vovk, Gammerman and
Shafer, "Algorithmic Learning in a Random World"), independent of those before it, whatever the core's noise.

A p-value is a bet against the null, see `bet`, and one night's winnings are the next one's stake. Since nobody knows on
which night a change comes, the stake is spread: night j begins a game of its own with 1 / (j (j + 1)) of it. What all
games hold is a martingale or less, so with an unchanged core it ever reaches 1 / rate with a probability of `rate` at
most, over any number of nights (Ville). Arrays: `_N` night, 0 is promotion; `_T` task.
"""

from collections.abc import Sequence
from math import log

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 1.1  # a task is dear where it costs more than this times what it usually costs
SMALLEST = 1e-300  # p-value
Floats = NDArray[np.float64]


def evidence(values_NT: Floats, *, amounts: bool = False) -> list[float]:
    """Evidence against an unchanged core after each night, from 1 on; to be compared with 1 / rate.

    Args:
        values_NT: 1 where an outcome was bad, 0 where it was not; with `amounts`, what each task cost. NaN: not known.
    """
    return martingale(
        [p_value(values_NT[: night + 1], amounts=amounts) for night in range(1, len(values_NT))]
    )


def p_value(values_NT: Floats, *, amounts: bool = False) -> float:
    """The probability of as many bad outcomes as in the last row, or more, if order within a task means nothing."""
    values_NT = values_NT[:, ~np.isnan(values_NT[-1])]
    usual_T = _lower_median(values_NT) * TOLERANCE if amounts else np.full(values_NT.shape[1], 0.5)
    bad_NT = values_NT > usual_T  # NaN is not
    share_T = bad_NT.sum(axis=0) / np.maximum((~np.isnan(values_NT)).sum(axis=0), 1)
    return _tail(share_T, int(bad_NT[-1].sum()))


def martingale(p_values: Sequence[float]) -> list[float]:
    """Evidence after each night: the bets of all games begun so far, and the stake that is left for later ones."""
    begun, after = 0.0, []
    for night, p in enumerate(p_values, start=1):
        begun = (begun + 1 / (night * (night + 1))) * bet(p)
        after.append(begun + 1 / (night + 1))
    return after


def bet(p: float) -> float:
    """What a stake of 1 becomes: 21 for p = 0.001, 0.5 for 1; 1 on average under the null, at most.

    It is the mean of κ p^(κ-1) over κ from 0 to 1 (Vovk and Wang, 2021, Annals of Statistics 49, 1736-1754).
    """
    p = max(p, SMALLEST)
    if p > 0.9999:  # where the formula is 0 / 0
        return 0.5
    return (1 - p + p * log(p)) / (p * log(p) ** 2)


def _tail(share_T: Floats, least: int) -> float:
    """P(at least so many) of independent coins: a Poisson-binomial distribution, summed term by term."""
    distribution = np.ones(1)
    for share in share_T[share_T > 0]:
        distribution = np.convolve(distribution, (1 - share, share))
    return min(float(distribution[least:].sum()), 1.0)


def _lower_median(values_NT: Floats) -> Floats:
    """Of each task's known values; the smaller of two."""
    sorted_NT = np.sort(values_NT, axis=0)  # NaN last
    middle_T = ((~np.isnan(values_NT)).sum(axis=0) - 1) // 2
    return np.take_along_axis(sorted_NT, middle_T[None, :], axis=0)[0]
