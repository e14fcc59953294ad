from dataclasses import replace

import pytest

from exectune import models
from exectune.cores.base import Sampling
from exectune.guides.local import GivenGuide, ModelGuide
from exectune.ledger import Ledger
from exectune.outcome import Outcome
from exectune.params import Params
from exectune.policy import ALONE, GuideCorePolicy
from exectune.strategy import Strategy
from tests.scripted import GOLD, LEAK, NOT_CARRIED_OUT, TASK, WRONG, Scripted, core, plan, task


def outcome_of(text: str, ledger: Ledger, settings: Params, model: Scripted | None = None) -> Outcome:
    guide = GivenGuide("given", {TASK.question: text})
    policy = GuideCorePolicy(guide, model or core(), ledger, settings)
    (outcome,) = policy.run([TASK], arm="given", run_id="run")
    return outcome


def test_a_strategy_is_carried_out_and_judged(ledger: Ledger, settings: Params) -> None:
    outcome = outcome_of(GOLD, ledger, settings)
    assert outcome.valid
    assert outcome.executed
    assert outcome.in_budget
    assert outcome.correct
    assert (outcome.answer, outcome.gold) == ("29", "29")
    assert (outcome.strategy, outcome.reason, outcome.failed_step) == (GOLD, "", None)
    assert outcome.replies == ("3 * 8", "5 + 24")
    assert (outcome.guide, outcome.core, outcome.arm) == ("given", "scripted core", "given")
    assert outcome.protocol == "program-1"


def test_a_planted_wrong_strategy_is_executed_and_wrong(ledger: Ledger, settings: Params) -> None:
    outcome = outcome_of(WRONG, ledger, settings)
    assert outcome.executed
    assert not outcome.correct
    assert outcome.answer == "16"


def test_strategies_of_other_tasks_are_executed_and_wrong(ledger: Ledger, settings: Params) -> None:
    tasks = [task(number) for number in range(2, 10)]
    shifted = {one.question: plan(number + 1) for number, one in enumerate(tasks, start=2)}
    policy = GuideCorePolicy(GivenGuide("shifted", shifted), core(), ledger, settings)
    outcomes = policy.run(tasks, arm="shifted", run_id="run")
    assert all(outcome.executed for outcome in outcomes)
    assert not any(outcome.correct for outcome in outcomes)


def test_a_step_that_is_not_carried_out_is_named(ledger: Ledger, settings: Params) -> None:
    outcome = outcome_of(NOT_CARRIED_OUT, ledger, settings)
    assert (outcome.valid, outcome.executed, outcome.correct) == (True, False, False)
    assert (outcome.reason, outcome.failed_step, outcome.answer) == ("operand_missing", 2, "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [(LEAK, "leak"), ("29", "missing_block"), (GOLD + GOLD, "text_outside"), (GOLD + " 29", "text_outside")],
)
def test_the_core_is_not_asked_to_carry_out_what_is_invalid(
    ledger: Ledger, settings: Params, text: str, reason: str
) -> None:
    model = core()
    outcome = outcome_of(text, ledger, settings, model)
    assert model.asked == []
    assert (outcome.valid, outcome.reason, outcome.leak) == (False, reason, reason == "leak")
    assert (outcome.executed, outcome.correct, outcome.cached) == (False, False, False)
    assert (outcome.core_tokens_in, outcome.core_tokens_out, outcome.usd) == (0, 0, 0.0)
    assert outcome.strategy == text


def test_a_gold_answer_may_be_written_as_task_files_may_write_it(ledger: Ledger, settings: Params) -> None:
    priced = replace(
        TASK, question="Ana sells 3 boxes at 400 dollars each. What does she get?", answer="$1,200"
    )
    texts = [Strategy((step,)).text for step in ("Multiply 3 by 400.", "Write down 1200.")]
    policy = GuideCorePolicy(None, core(), ledger, settings)
    calls = [GivenGuide("", {priced.question: text}).write([priced.question], ledger)[0] for text in texts]
    right, leak = policy.carry_out([priced, priced], calls)
    assert policy.judge(priced, right, arm="", run_id="").correct
    assert policy.judge(priced, leak, arm="", run_id="").leak


def test_valid_and_invalid_strategies_of_one_batch_keep_their_places(
    ledger: Ledger, settings: Params
) -> None:
    tasks = [task(number) for number in (2, 3, 4, 5)]
    texts = [plan(2), "nothing", plan(4), Strategy(("Guess.",)).text]
    questions = [one.question for one in tasks]
    guide = GivenGuide("given", dict(zip(questions, texts, strict=True)))
    outcomes = GuideCorePolicy(guide, core(), ledger, settings).run(tasks, arm="given", run_id="run")
    assert [outcome.task_id for outcome in outcomes] == [one.id for one in tasks]
    assert [outcome.answer for outcome in outcomes] == ["16", "", "32", ""]
    assert [outcome.reason for outcome in outcomes] == ["", "missing_block", "", "not_an_expression"]


def test_a_reply_as_long_as_the_limit_is_over_budget(ledger: Ledger, settings: Params) -> None:
    slow = Strategy(("Slowly add 5 to 24.",)).text
    assert settings.protocol.max_new_tokens == 16
    outcome = outcome_of(slow, ledger, settings)
    assert (outcome.executed, outcome.correct, outcome.in_budget) == (True, True, False)
    longer = settings.model_copy(
        update={"protocol": settings.protocol.model_copy(update={"max_new_tokens": 17})}
    )
    assert outcome_of(slow, ledger, longer).in_budget


def test_the_core_alone_answers_with_one_expression(ledger: Ledger, settings: Params) -> None:
    easy = replace(TASK, id="easy", question="What is 1 and 1?", answer="2")
    model = core()
    right, wrong = GuideCorePolicy(None, model, ledger, settings).run([easy, TASK], arm="core", run_id="run")
    assert (right.correct, wrong.correct, wrong.answer) == (True, False, "2")
    assert (wrong.valid, wrong.executed, wrong.leak) == (True, True, False)
    assert (wrong.guide, wrong.strategy, wrong.protocol) == ("", "", ALONE)
    assert (wrong.guide_tokens_in, wrong.guide_tokens_out) == (0, 0)
    assert len(model.asked) == 2


def test_a_core_alone_that_writes_no_expression_has_a_reason(ledger: Ledger, settings: Params) -> None:
    model = Scripted("chatty", lambda _: "There are 29 pens.")
    (outcome,) = GuideCorePolicy(None, model, ledger, settings).run([TASK], arm="core", run_id="run")
    assert (outcome.valid, outcome.executed, outcome.reason) == (True, False, "not_an_expression")
    assert (outcome.answer, outcome.failed_step) == ("", None)


def test_an_outcome_costs_the_price_of_its_tokens_also_when_cached(ledger: Ledger, settings: Params) -> None:
    guide = ModelGuide(Scripted("guide", lambda _: GOLD), str, Sampling(80, stop=""))
    policy = GuideCorePolicy(guide, core(), ledger, settings)
    (first,) = policy.run([TASK], arm="sft", run_id="run")
    paid = ledger.totals()["usd"].sum()
    (second,) = policy.run([TASK], arm="sft", run_id="run")
    prices = models.prices(settings)
    assert first.usd == pytest.approx(
        prices["guide"].usd(len(TASK.question.split()), len(GOLD.split()))
        + prices["core"].usd(first.core_tokens_in, first.core_tokens_out)
    )
    assert first.core_tokens_out == sum(len(reply.split()) for reply in first.replies)
    assert first.latency_s == 1.5
    assert first.usd == pytest.approx(paid)
    assert (first.cached, second.cached) == (False, True)
    assert second == replace(first, cached=True)
    assert ledger.totals()["usd"].sum() == paid


def test_questions_without_gold_answers_are_served(ledger: Ledger, settings: Params) -> None:
    guide = GivenGuide("given", {TASK.question: GOLD, "Why?": "42"})
    policy = GuideCorePolicy(guide, core(), ledger, settings)
    served, refused = policy.answer([TASK.question, "Why?"])
    assert (served["answer"], served["strategy"], served["executed"]) == ("29", GOLD, True)
    assert (refused["answer"], refused["valid"], refused["reason"]) == ("", False, "missing_block")
    assert isinstance(served["usd"], float)


def test_nobody_is_asked_for_no_tasks(ledger: Ledger, settings: Params) -> None:
    for guide in (None, GivenGuide("given", {})):
        assert GuideCorePolicy(guide, core(), ledger, settings).run([], arm="", run_id="") == []


def test_progress_hears_of_every_core_call(ledger: Ledger, settings: Params) -> None:
    heard: list[int] = []
    guide = GivenGuide("given", {TASK.question: GOLD})
    policy = GuideCorePolicy(guide, core(), ledger, settings, lambda calls, _: heard.append(calls))
    policy.run([TASK], arm="", run_id="")
    assert sum(heard) == 2
