from statistics import mean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exectune.params import Params, Reward
from exectune.reward import Terms, terms

WEIGHTS = Reward(correct=1.0, executed=0.2, degrade=0.5, cost=0.01)
EXCESS = 20  # times the core alone; the longest strategy that params.yaml allows costs about eight times


def rewarded(
    *,
    correct: bool,
    executed: bool = True,
    valid: bool = True,
    alone_correct: bool = False,
    usd: float = 1.0,
    alone_usd: float = 1.0,
    weights: Reward = WEIGHTS,
) -> Terms:
    return terms(
        valid=valid,
        executed=executed,
        correct=correct,
        alone_correct=alone_correct,
        usd=usd,
        alone_usd=alone_usd,
        weights=weights,
    )


def test_an_invalid_strategy_earns_exactly_nothing() -> None:
    assert rewarded(valid=False, executed=False, correct=False, alone_correct=True, usd=9.0).total == 0.0
    assert rewarded(valid=False, correct=True, usd=9.0).total == 0.0


def test_each_term_is_its_own() -> None:
    assert rewarded(correct=True) == Terms(1.0, 0.2, 0.0, 0.0)
    assert rewarded(correct=False) == Terms(0.0, 0.2, 0.0, 0.0)
    assert rewarded(correct=False, executed=False) == Terms(0.0, 0.0, 0.0, 0.0)
    assert rewarded(correct=False, alone_correct=True).degrade == -0.5
    assert rewarded(correct=True, alone_correct=True).degrade == 0.0
    assert rewarded(correct=True, usd=3.0, alone_usd=2.0).cost == pytest.approx(-0.005)
    assert rewarded(correct=True, usd=3.0, alone_usd=2.0).total == pytest.approx(1.195)


def test_what_costs_no_more_than_the_core_alone_is_not_charged() -> None:
    assert rewarded(correct=True, usd=0.5, alone_usd=2.0).cost == 0.0
    assert rewarded(correct=True, usd=0.5, alone_usd=0.0).cost == 0.0


def test_in_params_yaml_correctness_outweighs_all_shaping_together(settings: Params) -> None:
    weights = settings.rl.reward
    assert weights.correct > weights.executed + weights.degrade + weights.cost * EXCESS


OUTCOMES = st.fixed_dictionaries({"executed": st.booleans(), "usd": st.floats(0, EXCESS)})


@given(OUTCOMES, OUTCOMES, st.booleans())
def test_a_right_answer_always_earns_more_than_a_wrong_one(
    right: dict[str, float], wrong: dict[str, float], alone: bool
) -> None:
    more = rewarded(correct=True, alone_correct=alone, executed=bool(right["executed"]), usd=right["usd"])
    less = rewarded(correct=False, alone_correct=alone, executed=bool(wrong["executed"]), usd=wrong["usd"])
    assert more.total > less.total


def advantages(rewards_G: list[float], *, divide: bool) -> list[float]:
    """GRPO's advantages in one group."""
    scale = pstdev(rewards_G) if divide else 1.0
    return [(reward - mean(rewards_G)) / scale for reward in rewards_G]


def test_dividing_by_the_groups_deviation_cancels_the_degrade_term() -> None:
    """Six right and two wrong on a task that the core alone gets right."""
    right_G = [True] * 6 + [False] * 2
    harmless = WEIGHTS.model_copy(update={"degrade": 0.0})
    with_term = [rewarded(correct=right, alone_correct=True).total for right in right_G]
    without = [rewarded(correct=right, alone_correct=True, weights=harmless).total for right in right_G]
    assert with_term != without
    divided = advantages(with_term, divide=True)
    assert divided == pytest.approx(advantages(without, divide=True))
    assert (round(divided[0], 2), round(divided[-1], 2)) == (0.58, -1.73)
    assert advantages(with_term, divide=False)[-1] == pytest.approx(-1.125)
    assert advantages(without, divide=False)[-1] == pytest.approx(-0.75)


def test_params_yaml_keeps_the_degrade_term_alive(settings: Params) -> None:
    assert settings.rl.reward.degrade > 0
    assert settings.rl.scale_rewards == "none"
