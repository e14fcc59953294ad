from exectune.cores.base import Sampling
from exectune.guides.local import GivenGuide, ModelGuide
from exectune.guides.prompt import question_prompt
from exectune.ledger import Ledger
from tests.scripted import GOLD, TASK, Scripted, plan, task


def test_a_model_guide_writes_one_text_a_question_through_the_ledger(ledger: Ledger) -> None:
    model = Scripted("guide 1", lambda prompt: plan(2) if "2 bags" in prompt else plan(3))
    guide = ModelGuide(model, question_prompt, Sampling(80, stop=""))
    questions = [task(3).question, task(2).question, task(3).question]
    calls = guide.write(questions, ledger)
    assert guide.name == "guide 1"
    assert [call.reply.text for call in calls] == [plan(3), plan(2), plan(3)]
    assert model.asked == [question_prompt(question) for question in questions[:2]]
    (totals,) = ledger.totals().to_dicts()
    assert (totals["role"], totals["model"], totals["calls"], totals["cached"]) == ("guide", "guide 1", 3, 1)


def test_given_strategies_cost_nothing_and_are_not_in_the_ledger(ledger: Ledger) -> None:
    guide = GivenGuide("gold", {TASK.question: GOLD})
    (call,) = guide.write([TASK.question], ledger)
    assert (call.reply.text, call.usd, call.reply.tokens_out) == (GOLD, 0.0, 0)
    assert ledger.totals().is_empty()
    assert guide.write(["another question"], ledger)[0].reply.text == ""
