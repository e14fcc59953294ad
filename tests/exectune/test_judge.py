from collections.abc import Iterator
from pathlib import Path

import pytest

from exectune.errors import CallsFailed
from exectune.faithful import faithfulness
from exectune.judge import FAITHFUL, RUBRIC, Judge, load_judge
from exectune.ledger import Ledger
from exectune.params import Params
from exectune.prices import Price
from tests.scripted import GOLD, NOT_CARRIED_OUT, Scripted, outcome


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Ledger]:
    prices = {"judge": Price(1.0, 5.0)}
    with Ledger.open(tmp_path / "ledger.sqlite", stage="rl", run_id="run", prices=prices) as opened:
        yield opened


def judge(book: Ledger, *replies: str) -> tuple[Judge, Scripted]:
    said = iter(replies)
    model = Scripted("judge", lambda _: next(said))
    return Judge(model, book, 30), model


def test_there_is_none_unless_one_is_named(settings: Params, book: Ledger) -> None:
    assert load_judge(settings, book) is None


@pytest.mark.parametrize(
    ("reply", "points"),
    [
        ("Points: 7", 0.7),
        ("**Points:** 10", 1.0),
        ("points: 0", 0.0),
        ("Points: 11", None),
        ("Seven.", None),
        ("", None),
    ],
)
def test_points_are_a_share_and_anything_else_is_no_score(
    book: Ledger, reply: str, points: float | None
) -> None:
    asked, _ = judge(book, reply)
    assert asked.points([outcome()]) == [points]


def test_the_judge_sees_question_and_strategy_and_not_the_answer(book: Ledger) -> None:
    asked, model = judge(book, "Points: 7")
    asked.points([outcome()])
    (prompt,) = model.asked
    assert prompt.startswith(RUBRIC)
    assert outcome().question in prompt
    assert GOLD in prompt
    assert "29" not in prompt
    assert book.totals()["role"].to_list() == ["judge"]


def test_faithful_sees_the_replies(book: Ledger) -> None:
    asked, model = judge(book, "Faithful: no")
    assert asked.faithful([outcome()]) == [False]
    (prompt,) = model.asked
    assert prompt.startswith(FAITHFUL)
    assert "3 * 8\n5 + 24" in prompt


def test_faithfulness_is_a_rate_over_what_was_carried_out(book: Ledger) -> None:
    asked, _ = judge(book, "Faithful: yes", "Faithful: no", "Who knows.")
    outcomes = [
        outcome(replies=("1",)),
        outcome(replies=("2",)),
        outcome(replies=("3",)),
        outcome(executed=False, strategy=NOT_CARRIED_OUT),
        outcome(error="transient: gone"),
        outcome(arm="core", strategy=""),
    ]
    found = faithfulness(asked, outcomes)
    assert list(found) == ["rl"]
    cell = found["rl"]["test"]
    assert (cell["value"], cell["n"], cell["unjudged"]) == (0.5, 2, 1)


def test_a_judge_that_cannot_be_reached_stops_the_stage(book: Ledger) -> None:
    from tests.exectune.endpoints import Answering, paid

    broken = Judge(paid(Answering(always="403")), book, 30)
    with pytest.raises(CallsFailed):
        broken.points([outcome()])
