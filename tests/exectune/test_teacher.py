"""Teachers: the reference one, and a real boto3 client of a server on loopback."""

import dataclasses
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from exectune import models
from exectune.acceptance import try_candidates
from exectune.candidate import Candidate, Tried
from exectune.errors import ParamsError
from exectune.ledger import Ledger
from exectune.params import Params, SandboxLimits
from exectune.policy import GuideCorePolicy
from exectune.strategy import Strategy
from exectune.teacher import load_teacher
from tests.exectune.domains.test_code import TASK as CODE_TASK
from tests.loopback.faults import always
from tests.loopback.server import Loopback, says
from tests.scripted import GOLD, LEAK, NOT_CARRIED_OUT, TASK, WRONG, Scripted, core, task

HAIKU = "bedrock/anthropic.claude-haiku-4-5-20251001-v1:0"


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback() as running:
        yield running


def with_teacher(settings: Params, server: Loopback | None = None, **changes: object) -> Params:
    """The settings with another teacher, behind the server."""
    bedrock = settings.endpoints.bedrock.model_copy(update={"url": server.url if server else None})
    teacher = settings.teacher.model_copy(update=changes)
    endpoints = settings.endpoints.model_copy(update={"bedrock": bedrock})
    return settings.model_copy(update={"teacher": teacher, "endpoints": endpoints})


def opened(params: Params, folder: Path) -> Ledger:
    prices = models.prices(params)
    return Ledger.open(folder / "ledger.sqlite", stage="teacher", run_id="run", prices=prices)


def ignore(count: int, usd: float) -> None:
    """News that nobody hears."""


def tried(policy: GuideCorePolicy, *candidates: Candidate) -> list[Tried]:
    return try_candidates(policy, candidates, round_number=1, accepted=set())


def test_the_reference_teacher_words_gold_steps_and_rewords_what_failed(
    settings: Params, ledger: Ledger
) -> None:
    teacher = load_teacher(with_teacher(settings, candidates=2), ledger)
    first = teacher.write([TASK], ignore)
    assert [(one.task, one.number) for one in first] == [(TASK, 0), (TASK, 1)]
    results = tried(GuideCorePolicy(None, core(), ledger, settings), *first)
    again = teacher.revise(results, results, ignore)
    changed = [
        sum(a != b for a, b in zip(old.wordings, new.wordings, strict=True))
        for old, new in zip(first, again, strict=True)
    ]
    assert changed == [1, 1]
    assert ledger.totals()["role"].to_list() == ["core"], "the teacher is no model"


def test_the_reference_teacher_has_nothing_to_say_without_gold_steps(
    settings: Params, ledger: Ledger
) -> None:
    bare = dataclasses.replace(TASK, steps=())
    assert load_teacher(settings, ledger).write([bare], ignore) == []


def test_a_model_writes_k_strategies_from_the_question_alone(
    settings: Params, server: Loopback, tmp_path: Path
) -> None:
    server.answer = says(f"Here it is.\n{GOLD}\nThat is all.")
    params = with_teacher(settings, server, name=HAIKU, candidates=3)
    heard: list[int] = []
    with opened(params, tmp_path) as ledger:
        written = load_teacher(params, ledger).write([TASK, task(4)], lambda n, _: heard.append(n))
        totals = ledger.totals()
    assert [(one.task.id, one.number, one.text) for one in written] == [
        (id_, number, GOLD) for id_ in (TASK.id, task(4).id) for number in range(3)
    ]
    assert len(server.requests) == 6, "each draw is a call of its own"
    assert sum(heard) == 6
    assert totals["role"].to_list() == ["teacher"]
    assert totals["usd"].sum() > 0
    for record in server.requests:
        assert "29" not in record.asked.prompt + record.asked.system
        assert "3 * 8" not in record.asked.prompt
    assert {record.asked.body["inferenceConfig"]["temperature"] for record in server.requests} == {0.7}


def test_a_model_hears_the_failing_step_and_the_cores_reply_and_never_the_answer(
    settings: Params, server: Loopback, tmp_path: Path
) -> None:
    server.answer = says(GOLD)
    params = with_teacher(settings, server, name=HAIKU)
    with opened(params, tmp_path) as ledger:
        teacher = load_teacher(params, ledger)
        policy = GuideCorePolicy(None, core(), ledger, params)
        texts = [NOT_CARRIED_OUT, WRONG, LEAK, "Just do it."]
        results = tried(policy, *(Candidate(TASK, number, text, ()) for number, text in enumerate(texts)))
        again = teacher.revise(results, results, ignore)
        accepted = tried(policy, *again[:1])
    assert [one.number for one in again] == [0, 1, 2, 3]
    assert accepted[0].accepted, "the revision is another strategy, tried anew"
    prompts = {record.asked.prompt for record in server.requests}
    not_carried_out, wrong, leak, no_block = (
        next(prompt for prompt in prompts if text in prompt) for text in texts
    )
    assert 'did not carry out step 2, "Reduce the result of step 1 by 5.". It wrote' in not_carried_out
    assert "24 * 10" in not_carried_out
    assert "the result is not the answer" in wrong
    assert "5 + 11" in wrong
    assert "names a result" in leak
    assert "no <strategy> … </strategy> block" in no_block
    assert not any("29" in prompt.replace(LEAK, "") for prompt in prompts)


def test_what_was_no_fault_of_the_strategy_is_not_revised(
    settings: Params, server: Loopback, tmp_path: Path
) -> None:
    params = with_teacher(settings, server, name=HAIKU)
    with opened(params, tmp_path) as ledger:
        policy = GuideCorePolicy(None, core(), ledger, params)
        results = tried(policy, *(Candidate(TASK, number, GOLD, ()) for number in range(2)))
        assert [one.reason for one in results] == ["", "duplicate"]
        assert load_teacher(params, ledger).revise(results[1:], results, ignore) == []
    assert server.requests == []


def test_a_call_that_fails_is_no_candidate(settings: Params, server: Loopback, tmp_path: Path) -> None:
    server.faults = always("policy")
    params = with_teacher(settings, server, name=HAIKU)
    with opened(params, tmp_path) as ledger:
        assert load_teacher(params, ledger).write([TASK], ignore) == []


def test_self_is_the_guides_own_samples_without_feedback(
    settings: Params, tiny_model: Path, tmp_path: Path
) -> None:
    params = with_teacher(settings, name="self", candidates=2, max_new_tokens=8)
    own = params.models.model_copy(update={"guide": str(tiny_model), "dtype": "float32"})
    params = params.model_copy(update={"models": own})
    with opened(params, tmp_path) as ledger:
        teacher = load_teacher(params, ledger)
        first = teacher.write([TASK], ignore)
        results = tried(GuideCorePolicy(None, core(), ledger, params), *first)
        again = teacher.revise(results, results, ignore)
        (total,) = ledger.totals(stage="teacher").filter(role="teacher").to_dicts()
    assert [one.reason for one in results] == ["missing_block"] * 2
    assert len({one.text for one in [*first, *again]}) > 1, "each is a draw of its own"
    assert (total["calls"], total["cached"]) == (4, 0)
    assert total["usd"] > 0, "at the guide's price"


def test_several_candidates_that_would_all_be_alike_are_refused(settings: Params, ledger: Ledger) -> None:
    params = with_teacher(settings, name=HAIKU, candidates=3, temperature=0.0)
    with pytest.raises(ParamsError, match=r"teacher\.candidates is 3 and teacher\.temperature 0"):
        load_teacher(params, ledger)


def for_code(params: Params) -> Params:
    """The same settings for code tasks."""
    protocol = params.protocol.model_copy(update={"name": "code", "max_new_tokens": 100})
    return params.model_copy(update={"protocol": protocol})


def test_on_code_a_model_hears_what_its_core_wrote_and_never_a_test_or_the_solution(
    settings: Params, server: Loopback, limits: SandboxLimits, tmp_path: Path
) -> None:
    plan = Strategy(("Add a and b.", "Return the sum.")).text
    leak = Strategy(("Write `def add(a, b): return a + b`.",)).text
    right = "def add(a, b):\n    # step 1\n    total = a + b\n    # step 2\n    return total\n"
    programs = {
        "one": right,
        "two": right.replace("# step 2", "# then"),
        "three": right.replace("a + b", "a - b"),
        "four": right.replace("a + b", "a + c"),
    }
    tasks = [dataclasses.replace(CODE_TASK, id=name, question=f"{name}: `add(a, b)`") for name in programs]
    server.answer = lambda _, prompt: leak if "Your strategy was" in prompt else plan
    core = Scripted("core", lambda prompt: programs[prompt.split("Problem: ")[-1].split(":")[0]])
    params = for_code(with_teacher(settings, server, name=HAIKU))
    with opened(params, tmp_path) as ledger:
        teacher = load_teacher(params, ledger)
        policy = GuideCorePolicy(None, core, ledger, params)
        results = tried(policy, *teacher.write(tasks, ignore))
        assert [one.reason for one in results] == ["", "step_missing", "wrong_answer", "fails_on_example"]
        again = tried(policy, *teacher.revise(results[1:], results, ignore))
        assert [one.reason for one in again] == ["leak"] * 3
    assert all("plan for a Python function" in record.asked.system for record in server.requests)
    unmarked, wrong, failing = (
        next(
            record.asked.prompt for record in server.requests if programs[name].strip() in record.asked.prompt
        )
        for name in ("two", "three", "four")
    )
    assert 'did not carry out step 2, "Return the sum."' in unmarked
    assert "does not pass the tests" in wrong
    assert "which fails, or does not end, on an example call" in failing
    for record in server.requests:
        asked = record.asked.system + record.asked.prompt
        assert not any(text in asked for text in (*CODE_TASK.tests, CODE_TASK.steps[0], CODE_TASK.solution))


def test_on_code_self_is_shown_plans_for_functions(
    settings: Params, tiny_model: Path, tmp_path: Path
) -> None:
    params = for_code(with_teacher(settings, name="self", max_new_tokens=2))
    own = params.models.model_copy(update={"guide": str(tiny_model), "dtype": "float32"})
    params = params.model_copy(update={"models": own})
    with opened(params, tmp_path) as ledger:
        load_teacher(params, ledger).write([CODE_TASK], ignore)
    with sqlite3.connect(tmp_path / "ledger.sqlite") as connection:
        [(prompt,)] = connection.execute("select prompt from calls").fetchall()
    assert "total_of_doubles" in prompt
    assert "sheep" not in prompt
