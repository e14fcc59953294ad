import json
from dataclasses import asdict
from itertools import pairwise
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from exectune.stats import Interval, Paired, holm, mcnemar, mean_interval, paired_bootstrap, phi, wilson

pairs = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)
amounts = st.lists(st.tuples(st.floats(-100, 100), st.floats(-100, 100)), min_size=1, max_size=30)


def table(both: int, only_a: int, only_b: int, neither: int) -> tuple[list[bool], list[bool]]:
    a = [True] * (both + only_a) + [False] * (only_b + neither)
    b = [True] * both + [False] * only_a + [True] * only_b + [False] * neither
    return a, b


def test_wilson_of_8_in_10() -> None:
    found = wilson(8, 10)
    assert (found.value, found.n) == (0.8, 10)
    assert (found.low, found.high) == pytest.approx((0.4901625, 0.9433178), abs=1e-6)


def test_wilson_at_the_ends() -> None:
    assert wilson(0, 10).low == 0.0
    assert wilson(0, 10).high == pytest.approx(0.2775, abs=1e-4)
    assert wilson(10, 10).high == 1.0
    assert wilson(0, 0) == Interval(0.0, 0.0, 1.0, 0)


@given(st.integers(1, 500), st.data())
def test_wilson_holds_the_rate_and_mirrors(n: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, n))
    found, mirrored = wilson(successes, n), wilson(n - successes, n)
    assert 0 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1
    assert found.low == pytest.approx(1 - mirrored.high, abs=1e-9)


def test_mcnemar_of_10_against_2() -> None:
    found = mcnemar(*table(both=50, only_a=10, only_b=2, neither=38))
    assert (found.wins, found.losses, found.n) == (10, 2, 100)
    assert found.effect == pytest.approx(0.08)
    by_hand = 2 * sum(comb(12, k) for k in range(3)) / 2**12
    assert found.p == pytest.approx(by_hand)
    assert found.p == pytest.approx(binomtest(10, 12).pvalue)


def test_the_interval_of_a_paired_difference_is_newcombes() -> None:
    # Newcombe (1998): 36 both, 12 and 2 discordant, none neither.
    found = mcnemar(*table(both=36, only_a=12, only_b=2, neither=0))
    assert (found.low, found.high) == pytest.approx((0.0569, 0.3404), abs=1e-4)


def test_mcnemar_without_a_discordant_pair_or_any_pair() -> None:
    same = mcnemar([True, False], [True, False])
    assert (same.effect, same.p, same.wins, same.losses) == (0.0, 1.0, 0, 0)
    assert same.low < 0 < same.high
    assert mcnemar([], []) == Paired(0.0, -1.0, 1.0, 1.0, 0, 0, 0)


@given(pairs)
def test_mcnemar_turns_around_with_its_arms(rows: list[tuple[bool, bool]]) -> None:
    a, b = [row[0] for row in rows], [row[1] for row in rows]
    found, turned = mcnemar(a, b), mcnemar(b, a)
    assert found.effect == pytest.approx(np.mean(a) - np.mean(b))
    assert (found.effect, found.low, found.high) == pytest.approx((-turned.effect, -turned.high, -turned.low))
    assert found.p == turned.p
    assert found.low - 1e-12 <= found.effect <= found.high + 1e-12


def test_a_mean_and_its_interval() -> None:
    values = np.random.default_rng(0).normal(5, 2, 400).tolist()
    found = mean_interval(values, resamples=10_000, seed=1)
    error = 1.96 * np.std(values) / 20
    assert (found.low, found.high) == pytest.approx(
        (np.mean(values) - error, np.mean(values) + error), abs=0.03
    )
    assert mean_interval(values, resamples=10_000, seed=1) == found
    assert mean_interval([3.0], resamples=100, seed=0) == Interval(3.0, 3.0, 3.0, 1)
    assert mean_interval([], resamples=100, seed=0) == Interval(0.0, 0.0, 0.0, 0)


def test_a_clear_difference_is_found_and_none_is_not() -> None:
    generator = np.random.default_rng(0)
    base = generator.normal(0, 5, 200)
    better = paired_bootstrap(
        (base + generator.normal(0.5, 1, 200)).tolist(), base.tolist(), resamples=5000, seed=0
    )
    assert better.p < 0.001
    assert 0 < better.low < better.effect < better.high
    assert better.wins + better.losses == 200
    same = paired_bootstrap(base.tolist(), base.tolist(), resamples=5000, seed=0)
    assert (same.effect, same.low, same.high, same.p) == (0.0, 0.0, 0.0, 1.0)


def test_bootstrap_p_values_of_no_difference_are_spread_evenly() -> None:
    generator = np.random.default_rng(0)
    p = [
        paired_bootstrap(generator.normal(size=50).tolist(), [0.0] * 50, resamples=500, seed=i).p
        for i in range(300)
    ]
    assert np.mean(np.asarray(p) < 0.05) == pytest.approx(0.05, abs=0.04)
    assert np.mean(p) == pytest.approx(0.5, abs=0.06)


@given(amounts)
@settings(max_examples=30)
def test_a_paired_bootstrap_holds_its_effect(rows: list[tuple[float, float]]) -> None:
    a, b = [row[0] for row in rows], [row[1] for row in rows]
    found = paired_bootstrap(a, b, resamples=200, seed=0)
    differences = np.asarray(a) - np.asarray(b)
    assert differences.min() - 1e-9 <= found.low <= found.high <= differences.max() + 1e-9
    assert 0 < found.p <= 1


def test_large_samples_are_drawn_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).normal(size=100).tolist()
    whole = mean_interval(values, resamples=1000, seed=3)
    monkeypatch.setattr("exectune.stats.BLOCK", 1700)
    assert mean_interval(values, resamples=1000, seed=3) == whole


def test_holm_of_a_known_family() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_keeps_the_order_and_never_lowers(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(p <= q <= 1 for p, q in zip(p_values, adjusted, strict=True))
    order = np.argsort(p_values, kind="stable")
    assert all(adjusted[i] <= adjusted[j] for i, j in pairwise(order))


@given(pairs)
def test_phi_is_the_correlation(rows: list[tuple[bool, bool]]) -> None:
    a, b = [row[0] for row in rows], [row[1] for row in rows]
    found = phi(a, b)
    if len(set(a)) == 1 or len(set(b)) == 1:
        assert found is None
    else:
        assert found == pytest.approx(np.corrcoef(a, b)[0, 1])


def test_arms_of_different_length_are_a_bug() -> None:
    with pytest.raises(ValueError, match="shorter"):
        mcnemar([True, False], [True])


def test_results_of_nothing_are_json() -> None:
    empty = [
        asdict(wilson(0, 0)),
        asdict(mcnemar([], [])),
        asdict(paired_bootstrap([], [], resamples=100, seed=0)),
    ]
    assert "NaN" not in json.dumps(empty, allow_nan=False)
