import numpy as np
import pytest

from exectune import canary

N, NIGHTS, RATE = 40, 200, 0.05


def outcomes(flips: float, source: np.random.Generator, nights: int = NIGHTS) -> canary.Floats:
    """1 is bad: tasks that are mostly good or mostly bad, and the core flips that many replies."""
    bad_T = source.random(N) < 0.1
    return (source.random((nights + 1, N)) < np.where(bad_T, 1 - flips, flips)).astype(float)


def accused_by_looking(values_NT: canary.Floats) -> bool:
    """What one would do without care: a paired test against promotion each night, at the rate."""
    from scipy.stats import binom

    lost_N = ((values_NT[1:] == 1) & (values_NT[0] == 0)).sum(axis=1)
    won_N = ((values_NT[1:] == 0) & (values_NT[0] == 1)).sum(axis=1)
    return bool((binom.sf(lost_N - 1, lost_N + won_N, 0.5) < RATE).any())


@pytest.mark.parametrize("flips", [0.0, 0.02, 0.1, 0.2])
def test_an_unchanged_core_is_rarely_accused_in_200_nights_however_noisy_it_is(flips: float) -> None:
    source = np.random.default_rng(0)
    runs = [outcomes(flips, source) for _ in range(25)]
    alarms = sum(max(canary.evidence(run)) >= 1 / RATE for run in runs)
    assert alarms <= 3, "1.25 at most on average; more than 3 of 25 have a probability of 0.03"
    if flips >= 0.1:
        assert sum(map(accused_by_looking, runs)) > 5, "the same nights, without care"


def test_the_bets_are_fair() -> None:
    p = (np.arange(200_000) + 0.5) / 200_000
    bets = np.array([canary.bet(value) for value in p])
    assert 0.9 < bets.mean() <= 1.0
    assert (np.diff(bets) <= 1e-9).all(), "a smaller p-value never pays less"
    assert canary.martingale([1.0] * 500)[-1] > 0
    assert np.isfinite(canary.bet(0.0))


def test_p_values_of_an_unchanged_core_are_not_too_small() -> None:
    source = np.random.default_rng(1)
    p_values = np.array([canary.p_value(outcomes(0.2, source, nights=3)) for _ in range(4000)])
    for level in (0.01, 0.05, 0.2):
        assert (p_values <= level).mean() < level * 1.25 + 0.002


def test_another_core_is_seen_on_its_first_night() -> None:
    source = np.random.default_rng(2)
    for before in (1, 30, 200):
        values_NT = outcomes(0.05, source, nights=before)
        values_NT[-1] = source.random(N) < 0.9
        assert canary.evidence(values_NT)[-1] > 300
        assert max(canary.evidence(values_NT)[:-1], default=0.0) < 300


def test_a_small_loss_adds_up_over_nights() -> None:
    values_NT = np.zeros((9, N))
    values_NT[5:, :5] = 1
    after = canary.evidence(values_NT)
    assert after[3] < 1 < after[4] < after[6]


def test_a_gain_is_no_alarm() -> None:
    values_NT = np.ones((3, N))
    values_NT[1:] = 0
    assert max(canary.evidence(values_NT)) < 1


def test_a_task_that_costs_a_little_more_is_not_dear_and_one_that_costs_half_as_much_again_is() -> None:
    usual_T = np.linspace(1, 3, N)
    assert canary.evidence(np.array([usual_T, usual_T * 1.05]), amounts=True)[-1] < 1
    assert canary.evidence(np.array([usual_T, usual_T * 1.5]), amounts=True)[-1] > 300
    assert canary.evidence(np.array([usual_T, usual_T * 0.5]), amounts=True)[-1] < 1


def test_tasks_without_an_outcome_tonight_say_nothing_and_new_ones_have_no_past() -> None:
    values_NT = np.full((3, N), np.nan)
    values_NT[:, :20] = 0
    values_NT[2, 20:] = 1  # never seen before: bad, but not worse
    assert canary.p_value(values_NT) == 1.0
    values_NT[2, 10:20] = np.nan
    values_NT[2, :10] = 1
    assert canary.p_value(values_NT) == pytest.approx((1 / 3) ** 10)
