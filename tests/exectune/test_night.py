"""A night against a real server: the core behind it is a rule that can be changed, as providers change theirs."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import mlflow
import polars as pl
import pytest

from exectune import canary, models, night, outdated, params, policy, registry, tracking
from exectune.budgets import Budgets
from exectune.cores.base import Sampling
from exectune.errors import BudgetReached, CallsFailed, DataError, RegistryError
from exectune.guides.local import GivenGuide
from exectune.ledger import Ledger
from exectune.ledger_place import FILE
from exectune.models import load_model
from exectune.outcome import to_frame, write_frame
from exectune.params import Params
from exectune.policy import GuideCorePolicy
from exectune.task import Task, write_tasks
from tests.exectune.registered import NAME, prepare
from tests.loopback.apis import Usage
from tests.loopback.server import Loopback, says
from tests.scripted import carry_out, plan, task

TASKS = [replace(task(n), id=f"test-{n:04d}", split="test") for n in range(2, 26)]
HELD_OUT = [replace(task(n), id=f"held-{n:04d}", split="held_out") for n in range(26, 32)]


def answered(system: str, prompt: str) -> str:
    return carry_out(prompt)


def guided(settings: Params, adapter: Path | None, ledger: Ledger) -> GuideCorePolicy:
    """In place of a guide with weights, one whose strategies are right: here it is the core that counts."""
    given = {one.question: plan(int(one.steps[0].split()[0])) for one in [*TASKS, *HELD_OUT]}
    return GuideCorePolicy(
        GivenGuide("given", given), load_model(settings.models.core, settings), ledger, settings
    )


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback(answered) as server:
        yield server


@pytest.fixture
def today(project: Path, server: Loopback, settings: Params, monkeypatch: pytest.MonkeyPatch) -> Params:
    """A project whose champion was measured on the server's core."""
    prepare(project)
    monkeypatch.setattr(policy, "load", guided)
    text = Path("params.yaml").read_text(encoding="utf-8")
    for old, new in (
        ("core: smollm2-135m ", "core: openai/gpt "),
        ("    key_env", f"    url: {server.url}/v1\n    key_env"),
        ("deadline_s: 300", "deadline_s: 1"),
        ("attempts: 6", "attempts: 1"),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    text = text.replace("  openai:\n    url: null\n", "  openai:\n")
    Path("params.yaml").write_text(text, encoding="utf-8")
    today = params.load()
    Path("artifacts/prepare").mkdir(parents=True)
    write_tasks(TASKS, Path("artifacts/prepare/test.parquet"))
    write_tasks(HELD_OUT, Path("artifacts/prepare/held_out.parquet"))
    make_champion(today)
    return today


def make_champion(today: Params) -> None:
    """Measure, register and promote, as the stages do."""
    adapter = Path("adapter")
    adapter.mkdir(exist_ok=True)
    (adapter / "adapter_model.safetensors").write_bytes(b"weights")
    with Ledger.open(
        FILE, stage="evaluate", run_id="e", prices=models.prices(today), budgets=Budgets()
    ) as ledger:
        rows = guided(today, None, ledger).run([*TASKS, *HELD_OUT], arm="rl", run_id="e")
    write_frame(to_frame(rows), Path("figures") / registry.OUTCOMES)
    tags = {"core": today.models.core, "adapter_sha256": registry.digest(adapter)}
    with tracking.stage_run("promote", {}):
        tracking.log_artifact(Path("figures") / registry.OUTCOMES)
        version = tracking.register_guide(NAME, adapter, {}, tags, {"model_card.md": "# Guide"})
    tracking.set_alias(NAME, "champion", version.number)


def runs(status: str = "FINISHED") -> int:
    found = mlflow.search_runs(search_all_experiments=True, output_format="list")
    return sum(run.info.run_name == "canary" and run.info.status == status for run in found)


def test_each_night_asks_the_core_again_and_an_unchanged_one_raises_no_alarm(
    today: Params, server: Loopback
) -> None:
    before = len(server.requests)
    nights = [night.run(today) for _ in range(3)]
    assert len(server.requests) - before == 3 * 30
    assert [one.night for one in nights] == [1, 2, 3]
    assert all(one.since is None and not one.reason for one in nights)
    figures = {figure.name: figure for figure in nights[-1].figures}
    assert figures["accuracy"].tonight == figures["accuracy"].promotion == 1.0
    assert figures["usd"].tonight == pytest.approx(figures["usd"].promotion)
    assert nights[-1].usd_paid == pytest.approx(sum(r["usd"] for r in nights[-1].history[-1:]) * 30)
    assert [row["night"] for row in nights[-1].history] == [0, 1, 2, 3]
    assert runs() == 3
    said = json.loads(night.RESULT.read_text(encoding="utf-8"))
    assert (said["drift"], said["night"], said["tasks"]) == (False, 3, 30)


def test_another_model_behind_the_same_endpoint_is_an_alarm_the_same_night_and_new_once(
    today: Params, server: Loopback
) -> None:
    night.run(today)
    server.answer = says("I am another model.")
    changed = night.run(today)
    assert (changed.since, changed.is_new) == (2, True)
    champion = tracking.get_alias(NAME, "champion")
    assert champion is not None
    assert champion.tags[registry.DRIFT] == changed.reason
    assert "executability is 0.0%, 100.0% at promotion" in changed.reason
    assert "gpt does worse than when exectune-guide version 1 was promoted" in changed.reason
    after = night.run(today)
    assert (after.since, after.is_new) == (2, False)


def test_a_core_that_has_become_dearer_is_an_alarm(
    today: Params, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_usage", lambda *_: Usage(200, 3))
    dear = night.run(today)
    assert [figure.name for figure in dear.figures if figure.drifted] == ["usd"]
    assert "a task costs 0.0" in dear.reason


def test_a_new_champion_begins_anew(today: Params, server: Loopback) -> None:
    server.answer = says("I am another model.")
    assert night.run(today).since == 1
    outdated.forget(FILE, f"openai@127.0.0.1:{server.port}/gpt")
    server.answer = answered
    make_champion(today)
    second = night.run(today)
    assert (second.version, second.night, second.since) == (2, 1, None)


def test_a_smaller_sample_is_part_of_a_larger_one(today: Params) -> None:
    night.run(today, 10)
    night.run(today, 20)
    champion = tracking.get_alias(NAME, "champion")
    assert champion is not None
    last = tracking.last_finished(night.TAG, champion.run_id)
    assert last is not None
    rows = pl.read_parquet(tracking.fetch_artifact(last.id, night.NIGHTS))
    first, second = (set(rows.filter(pl.col("night") == n)["task_id"]) for n in (1, 2))
    assert (len(first), len(second)) == (10, 20)
    assert first < second


def test_a_night_that_was_stopped_goes_on_and_pays_for_no_answer_twice(
    today: Params, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(server.requests)

    def killed(*_: object, **__: object) -> night.Night:
        raise KeyboardInterrupt

    judge = night.judge
    monkeypatch.setattr(night, "judge", killed)
    with pytest.raises(KeyboardInterrupt):
        night.run(today)
    monkeypatch.setattr(night, "judge", judge)
    assert len(server.requests) - before == 30
    done = night.run(today)
    assert len(server.requests) - before == 30
    assert (done.night, done.usd_paid) == (1, 0.0)
    assert runs() == 1


def test_a_nights_budget_holds_and_the_message_names_its_setting(today: Params, server: Loopback) -> None:
    poor = today.model_copy(update={"canary": today.canary.model_copy(update={"max_usd": 0.001})})
    Path("params.yaml").write_text(
        Path("params.yaml").read_text(encoding="utf-8").replace("max_usd: 0.5", "max_usd: 0.001"),
        encoding="utf-8",
    )
    before = len(server.requests)
    for _ in range(2):
        with pytest.raises(
            BudgetReached, match=r"canary\.max_usd = 0\.001.*raise canary\.max_usd.*exectune canary"
        ):
            night.run(poor)
    assert 0 < len(server.requests) - before < 30, "a second try has no second budget"
    assert runs() == 0


def test_a_server_that_is_gone_is_one_error_and_no_night(today: Params, server: Loopback) -> None:
    server._loop.call_soon_threadsafe(server._server.close)
    for connection in list(server._opened):
        server._loop.call_soon_threadsafe(connection.transport.abort)
    with pytest.raises(CallsFailed, match="`exectune canary`"):
        night.run(today)
    assert runs() == 0
    assert not night.RESULT.exists()


def test_without_a_champion_there_is_nothing_to_watch(project: Path, settings: Params) -> None:
    with pytest.raises(DataError, match="exectune-guide has no champion to watch"):
        night.run(settings)


def test_a_champion_of_another_core_is_refused(today: Params) -> None:
    other = today.model_copy(update={"models": today.models.model_copy(update={"core": "openai/newer"})})
    with pytest.raises(
        RegistryError, match=r"measured on the core openai/gpt, and params.yaml has .*openai/newer"
    ):
        night.run(other)


def test_tasks_that_are_gone_are_named(today: Params) -> None:
    changed: list[Task] = [replace(one, question="Another question?") for one in TASKS]
    write_tasks(changed, Path("artifacts/prepare/test.parquet"))
    assert night.run(today).tasks == len(HELD_OUT)
    write_tasks(changed, Path("artifacts/prepare/held_out.parquet"))
    with pytest.raises(DataError, match="tasks are not in artifacts/prepare any more"):
        night.run(today)


def test_equal_prompts_of_a_night_are_asked_for_each_task(today: Params, server: Loopback) -> None:
    with night.NightLedger.open(FILE, stage="canary", run_id="n", prices=models.prices(today)) as ledger:
        ledger.draw = 7
        asked = len(server.requests)
        core = load_model(today.models.core, today)
        ledger.complete(core, ["Add 1 to 2.", "Add 1 to 2."], Sampling(16), role="core")
        assert len(server.requests) - asked == 2


def test_the_evidence_is_that_of_the_nights_rows(today: Params) -> None:
    rows = pl.DataFrame(
        {"night": [0, 0, 1], "task_id": ["a", "b", "a"], "value": [0.0, 1.0, 1.0]},
        schema_overrides={"night": pl.Int64},
    )
    matrix = night._matrix(rows, pl.col("value"))
    assert matrix[0].tolist() == [0.0, 1.0]
    assert canary.p_value(matrix) == 0.5
