from collections.abc import Sequence

import polars as pl
import pytest

from exectune.gate import Check, comparable, decide
from exectune.outcome import to_frame
from exectune.params import Params
from tests.scripted import outcome

N = 320


def frame(
    right: Sequence[bool], *, leaks: int = 0, usd: float = 0.001, first: int = 0, errors: int = 0
) -> pl.DataFrame:
    """Outcomes of tasks `first`, `first` + 1, …; of which the first ones leak, or are errors."""
    return to_frame(
        [
            outcome(
                task_id=f"test-{first + place:04d}",
                question=f"question {first + place}",
                correct=correct,
                leak=place < leaks,
                usd=usd,
                error="timed out" if place < errors else None,
            )
            for place, correct in enumerate(right)
        ]
    )


def share(percent: int, n: int = N) -> list[bool]:
    """Right on the last so many percent, wrong on the first."""
    return [place * 100 >= n * (100 - percent) for place in range(n)]


CORE = frame(share(50), usd=0.0005)


def failing(checks: dict[str, Check]) -> list[str]:
    return [name for name, check in checks.items() if not check.passed]


def checked(
    challenger: pl.DataFrame, settings: Params, champion: pl.DataFrame | None = None
) -> dict[str, Check]:
    others = {"core": CORE} if champion is None else {"core": CORE, "champion": champion}
    return decide(challenger, others, settings.promote, seed=0)


def test_a_better_guide_passes_every_check(settings: Params) -> None:
    checks = checked(frame(share(80)), settings, champion=frame(share(60)))
    assert set(checks) == {
        "utility_over_core",
        "utility_over_champion",
        "degradation",
        "leak",
        "usd_per_task",
    }
    assert failing(checks) == []
    assert 0.2 < checks["utility_over_core"].value < 0.3  # the lower bound of 0.3 less 0.0005 / 0.05
    assert checks["usd_per_task"].value == pytest.approx(0.001)
    assert checks["usd_per_task"].limit == settings.promote.max_usd_per_task


def test_a_gain_that_could_be_chance_is_none(settings: Params) -> None:
    assert failing(checked(frame(share(50)), settings)) == ["utility_over_core"]
    assert failing(checked(frame(share(51), usd=0.0005), settings)) == ["utility_over_core"]


def test_a_gain_that_costs_more_than_it_is_worth_is_none(settings: Params) -> None:
    assert failing(checked(frame(share(65), usd=0.0095), settings)) == ["utility_over_core"]


def test_harm_where_the_core_alone_was_right_fails(settings: Params) -> None:
    right = [not wrong for wrong in share(5)]  # wrong on 16 tasks that the core alone gets right
    checks = checked(frame(right), settings)
    assert failing(checks) == ["degradation"]
    assert checks["degradation"].value > 16 / N


def test_harm_is_no_more_than_what_the_core_alone_got_right(settings: Params) -> None:
    right = [place >= 16 for place in range(N)]  # wrong where the core alone is wrong too
    assert failing(checked(frame(right), settings)) == []


def test_leaks_fail(settings: Params) -> None:
    assert failing(checked(frame(share(80), leaks=4), settings)) == ["leak"]


def test_too_high_a_cost_fails(settings: Params) -> None:
    assert failing(checked(frame(share(100), usd=0.012), settings)) == ["usd_per_task"]


def test_a_champion_that_is_as_good_stays(settings: Params) -> None:
    assert failing(checked(frame(share(80)), settings, champion=frame(share(80)))) == [
        "utility_over_champion"
    ]


def test_few_tasks_show_nothing(settings: Params) -> None:
    few = frame([True] * 20)
    assert "leak" in failing(decide(few, {"core": frame([False] * 20)}, settings.promote, seed=0))


def test_nothing_measured_does_not_pass(settings: Params) -> None:
    checks = checked(frame([]), settings)
    assert {"utility_over_core", "degradation", "leak"} <= set(failing(checks))


def test_a_champion_is_compared_on_the_same_tasks_only(settings: Params) -> None:
    worse, elsewhere = frame(share(60)), frame([True] * N, first=N)
    alone = checked(frame(share(80)), settings, champion=worse)
    with_others = checked(frame(share(80)), settings, champion=pl.concat([elsewhere, worse]))
    assert with_others == alone


def test_tasks_are_paired_whatever_their_order(settings: Params) -> None:
    challenger = frame(share(80))
    assert checked(challenger.reverse(), settings) == checked(challenger, settings)


def test_a_call_that_failed_is_left_out_of_both_sides(settings: Params) -> None:
    # The 16 harmed tasks are errors: neither harm nor a loss.
    challenger = frame([place >= 16 for place in range(N)], errors=16)
    core = frame([True] * 16 + [False] * (N - 16), usd=0.0005)
    checks = decide(challenger, {"core": core}, settings.promote, seed=0)
    assert failing(checks) == []
    assert checks["utility_over_core"].value == pytest.approx(1 - 0.0005 / 0.05)


def test_outcomes_are_comparable_on_the_same_questions_with_the_same_core() -> None:
    mine = frame(share(80))
    assert comparable(mine, frame(share(60)).reverse())
    assert not comparable(mine, frame(share(60), first=1))
    assert not comparable(mine, mine.head(N - 1))
    assert not comparable(mine, mine.with_columns(core=pl.lit("another core")))
