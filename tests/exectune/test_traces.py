from exectune import traces
from exectune.cores.base import Sampling
from exectune.guides.local import GivenGuide, ModelGuide
from exectune.ledger import Ledger
from exectune.params import Params
from exectune.policy import GuideCorePolicy
from tests.scripted import Scripted, core, plan, task

QUESTIONS = [task(number) for number in range(2, 12)]


def test_a_trace_splits_what_a_question_cost_between_guide_and_core(ledger: Ledger, settings: Params) -> None:
    guide = ModelGuide(
        Scripted("scripted guide", lambda prompt: plan(int(prompt))), lambda q: q.split()[2], Sampling(96)
    )
    policy = GuideCorePolicy(guide, core(), ledger, settings)
    solutions = policy.solve(QUESTIONS)
    outcomes = [policy.judge(*pair, arm="rl", run_id="") for pair in zip(QUESTIONS, solutions, strict=True)]
    found = traces.sample(solutions, outcomes, 3, seed=1)
    assert len(found) == 3
    assert found == traces.sample(solutions, outcomes, 3, seed=1)
    assert found != traces.sample(solutions, outcomes, 3, seed=2)
    by_task = {outcome.task_id: outcome for outcome in outcomes}
    for trace in found:
        outcome = by_task[str(trace.inputs["task_id"])]
        written, carried_out = trace.spans
        assert (written.name, written.model, carried_out.name) == ("guide", "scripted guide", "core")
        assert written.outputs == carried_out.inputs == {"strategy": outcome.strategy}
        assert written.usd + carried_out.usd == outcome.usd
        assert (written.tokens_out, carried_out.tokens_in) == (
            outcome.guide_tokens_out,
            outcome.core_tokens_in,
        )
        assert written.latency_s + carried_out.latency_s == outcome.latency_s
        assert trace.outputs["correct"] is True


def test_where_the_core_was_not_asked_there_is_no_span_of_it(ledger: Ledger, settings: Params) -> None:
    policy = GuideCorePolicy(GivenGuide("given", {}), core(), ledger, settings)
    solutions = policy.solve(QUESTIONS[:1])
    outcomes = [policy.judge(QUESTIONS[0], solutions[0], arm="rl", run_id="")]
    [trace] = traces.sample(solutions, outcomes, 8, seed=0)
    assert [span.name for span in trace.spans] == ["guide"]
    assert trace.outputs["why"] == "missing_block"
