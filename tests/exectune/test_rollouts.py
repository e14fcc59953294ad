from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from exectune import models
from exectune.judge import Judge
from exectune.ledger import Ledger
from exectune.outcome import to_frame
from exectune.params import Params
from exectune.policy import GuideCorePolicy
from exectune.prices import Price
from exectune.rollouts import Rollouts, screen
from exectune.strategy import Strategy
from tests.scripted import Scripted, core, outcome, plan, task

TASKS = [task(2), task(3)]
MISREAD = Strategy(("Reduce 2 by 8.",)).text
SIZE = (20, 10)


@pytest.fixture
def policy(ledger: Ledger, settings: Params) -> GuideCorePolicy:
    return GuideCorePolicy(None, core(), ledger, settings)


def rollouts(policy: GuideCorePolicy, *alone_right: bool, alone_usd: float = 0.001) -> Rollouts:
    alone = to_frame(
        [
            outcome(arm="core", task_id=one.id, correct=right, usd=alone_usd)
            for one, right in zip(TASKS, alone_right, strict=True)
        ]
    )
    return Rollouts(policy, TASKS, alone)


def rewards(
    made: Rollouts, places: list[int], completions: list[str]
) -> tuple[list[float | None], Mapping[str, float]]:
    logged: dict[str, float] = {}
    found = made.reward(places, completions, [SIZE] * len(places), logged.__setitem__)
    return found, logged


def test_a_strategy_earns_by_what_the_core_made_of_it(policy: GuideCorePolicy) -> None:
    right, wrong = plan(2), plan(3)
    found, logged = rewards(rollouts(policy, False, False), [0, 0, 0], [right, wrong, MISREAD])
    assert found == [pytest.approx(1.2), pytest.approx(0.2), 0.0]
    assert logged["correct"] == pytest.approx(1 / 3)
    assert logged["executed"] == pytest.approx(2 / 3)
    assert logged["valid"] == 1
    assert logged["degrade"] == logged["cost"] == 0


@pytest.mark.parametrize(
    "completion", ["", "16", plan(2) + " And that is it.", Strategy(("Add 0 to 16.",)).text]
)
def test_a_text_that_is_no_strategy_or_leaks_earns_exactly_nothing(
    policy: GuideCorePolicy, completion: str
) -> None:
    found, logged = rewards(rollouts(policy, True, True), [0], [completion])
    assert found == [0.0]
    assert logged["valid"] == 0


def test_each_completion_is_judged_on_the_task_at_its_place(policy: GuideCorePolicy) -> None:
    completions = [plan(2), plan(3)]
    assert rewards(rollouts(policy, False, False), [1, 0], completions)[0] == [pytest.approx(0.2)] * 2
    assert rewards(rollouts(policy, False, False), [0, 1], completions)[0] == [pytest.approx(1.2)] * 2


def test_harm_is_taken_off_only_where_the_core_alone_was_right(policy: GuideCorePolicy) -> None:
    wrong = [plan(5), plan(5)]
    found, logged = rewards(rollouts(policy, True, False), [0, 1], wrong)
    assert found == [pytest.approx(0.2 - 0.5), pytest.approx(0.2)]
    assert logged["degrade"] == pytest.approx(-0.25)


def test_what_costs_more_than_the_core_alone_is_charged_also_when_the_ledger_answers(
    policy: GuideCorePolicy,
) -> None:
    made = rollouts(policy, False, False, alone_usd=0.00001)
    (first,), logged = rewards(made, [0], [plan(2)])
    assert logged["cost"] == pytest.approx(-0.01 * (made.usd / 0.00001 - 1))
    assert logged["cost"] < -0.01
    assert first == pytest.approx(1.2 + logged["cost"])
    assert rewards(made, [0], [plan(2)])[0] == [first]


def test_a_reply_over_budget_does_not_count_as_executed(policy: GuideCorePolicy) -> None:
    slow = Strategy(("Slowly add 8 to 8.",)).text
    assert rewards(rollouts(policy, False, False), [0], [slow])[0] == [pytest.approx(1.0)]


def test_the_bill_counts_what_was_paid_and_every_call_is_in_the_ledger(policy: GuideCorePolicy) -> None:
    made = rollouts(policy, False, False)
    _, first = rewards(made, [0, 0], [plan(2), plan(2)])
    _, second = rewards(made, [0], [plan(2)])
    guide_usd = models.prices(policy.params)["guide"].usd(*SIZE)
    assert second["usd"] == pytest.approx(guide_usd), "the core's reply was known"
    assert first["usd"] > 2 * guide_usd
    assert made.usd == pytest.approx(first["usd"] + second["usd"])
    totals = policy.ledger.totals()
    assert made.usd == pytest.approx(totals["usd"].sum())
    assert dict(totals.select("role", "calls").rows()) == {"guide": 3, "core": 3}
    assert made.note == "reward 1.20"


def test_screening_tells_how_often_the_guide_gets_each_task_right(
    policy: GuideCorePolicy, settings: Params
) -> None:
    drawn = iter([plan(2), plan(2), plan(2), plan(2), "nothing", plan(3), plan(4), plan(3)])
    guide = Scripted("guide", lambda _: next(drawn))
    heard: list[int] = []
    assert settings.rl.screen_samples == 4
    rates = screen(policy, guide, TASKS, settings.rl, 0, lambda calls, _: heard.append(calls))
    assert rates == [1.0, 0.5]
    assert sum(heard) == 8
    assert screen(policy, guide, TASKS, settings.rl, 0, lambda *_: None) == rates, "from the ledger"
    assert len(guide.asked) == 8


def test_a_judges_points_are_weighted_in_and_a_failed_judgement_carries_no_signal(
    settings: Params, tmp_path: Path
) -> None:
    def says(prompt: str) -> str:
        return "Points: 5" if plan(2) in prompt else "I would say it is fine."

    params = settings.model_copy(update={"judge": settings.judge.model_copy(update={"weight": 0.4})})
    prices = models.prices(params) | {"judge": Price(1.0, 5.0)}
    with Ledger.open(tmp_path / "l", stage="rl", run_id="r", prices=prices) as ledger:
        policy = GuideCorePolicy(None, core(), ledger, params)
        alone = pl.DataFrame(list(rollouts(policy, False, False).alone.values()))
        judged = Rollouts(policy, TASKS, alone, Judge(Scripted("judge", says), ledger, 30))
        found, logged = rewards(judged, [0, 1, 0], [plan(2), plan(3), "no strategy"])
    assert found == [pytest.approx(1.2 + 0.4 * 0.5), None, 0.0]
    assert logged["judge"] == pytest.approx(0.4 * 0.5 / 2)
