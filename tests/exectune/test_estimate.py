import shutil
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from exectune import models
from exectune.errors import DataError
from exectune.estimate import estimate, tasks_at_hand
from exectune.ledger import Ledger
from exectune.models import load_model
from exectune.params import Params, load
from exectune.policy import GuideCorePolicy
from exectune.protocols import code
from exectune.task import Split, Task
from exectune.teacher import load_teacher
from tests.loopback.server import Loopback, says
from tests.scripted import GOLD, task

ROOT = Path(__file__).parents[2]
TASKS: dict[Split, list[Task]] = {
    "train": [task(number) for number in range(2, 32)],
    "test": [],
    "held_out": [],
}


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback(says(GOLD)) as running:
        yield running


@pytest.fixture
def small(server: Loopback) -> Params:
    """The profile for a first paid run, against the server."""
    params = load(ROOT / "params.yaml", ROOT / "profiles" / "bedrock-small.yaml")
    bedrock = params.endpoints.bedrock.model_copy(update={"url": server.url})
    return params.model_copy(update={"endpoints": params.endpoints.model_copy(update={"bedrock": bedrock})})


def row(bill: pl.DataFrame, stage: str, role: str) -> dict[str, float]:
    (found,) = bill.filter(stage=stage, role=role).to_dicts()
    return found


def test_the_first_paid_run_costs_less_than_two_dollars() -> None:
    params = load(ROOT / "params.yaml", ROOT / "profiles" / "bedrock-small.yaml")
    _, tasks = tasks_at_hand(params, ROOT / "gone")
    bill = estimate(params, tasks, None)
    assert 0.05 < bill["usd"].sum() < bill["usd_high"].sum() < 2.0
    assert (bill["usd_low"] < bill["usd"]).all()
    assert params.budgets.run_usd == 2.0
    assert set(bill["stage"]) == {"baseline", "teacher", "accept", "rl", "evaluate"}
    assert row(bill, "baseline", "core")["calls"] == sum(len(some) for some in tasks.values())


def test_a_bill_needs_neither_key_nor_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr("socket.socket.connect", refuse)
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    params = load(ROOT / "params.yaml", ROOT / "profiles" / "paper.yaml")
    bill = estimate(params, TASKS, None, {"train": 7473, "test": 1319})
    assert row(bill, "teacher", "teacher")["calls"] == 7473
    assert row(bill, "evaluate", "core")["calls"] == 5 * 1319
    assert bill["usd_high"].sum() < 150


def test_the_papers_code_half_is_priced_on_the_bundled_code_tasks(tmp_path: Path) -> None:
    params = load(ROOT / "params.yaml", ROOT / "profiles" / "paper-code.yaml")
    maths = tmp_path / "data"
    shutil.copytree(ROOT / "exectune/bundled/tasks", maths)
    folder, tasks = tasks_at_hand(params, maths)
    assert folder.name == "code_tasks", "the maths tasks at hand are none for this protocol"
    assert {one.domain for some in tasks.values() for one in some} == {"code"}
    bill = estimate(params, tasks, None)
    assert row(bill, "baseline", "core")["calls"] == sum(len(some) for some in tasks.values())
    shown = len(code.PREFIX) / 4 * row(bill, "evaluate", "core")["calls"]
    assert row(bill, "evaluate", "core")["tokens_in"] > shown
    for role in ("core", "teacher"):
        assert bill.filter(role=role)["usd"].sum() > 0
    larger = estimate(params, tasks, None, {"train": 2000, "test": 500})
    assert bill["usd"].sum() < larger["usd_high"].sum() < (params.budgets.run_usd or 0)


def test_local_models_cost_nothing(settings: Params) -> None:
    assert estimate(settings, TASKS, None).is_empty()


def test_what_the_ledger_holds_is_saved_and_tells_what_calls_use(
    small: Params, server: Loopback, tmp_path: Path
) -> None:
    before = estimate(small, TASKS, None)
    prices = models.prices(small)
    with Ledger.open(tmp_path / "l", stage="baseline", run_id="r", prices=prices) as ledger:
        core = load_model(small.models.core, small)
        GuideCorePolicy(None, core, ledger, small).run(TASKS["train"], arm="core", run_id="r")
    with Ledger.open(tmp_path / "l", stage="teacher", run_id="r", prices=prices) as ledger:
        load_teacher(small, ledger).write(TASKS["train"][:25], lambda *_: None)
        after = estimate(small, TASKS, ledger)
        used = ledger.totals(stage="teacher").to_dicts()[0]
    assert len(server.requests) == 55
    baseline = row(after, "baseline", "core")
    assert (baseline["cached"], baseline["usd"]) == (30, 0.0)
    assert baseline["usd_saved"] > 0
    teacher = row(after, "teacher", "teacher")
    assert (teacher["calls"], teacher["cached"]) == (30, 25)
    assert teacher["tokens_in"] == pytest.approx(5 * used["tokens_in"] / 25, abs=1)
    assert teacher["usd"] == pytest.approx(5 * used["usd"] / 25)
    assert row(before, "teacher", "teacher")["cached"] == 0
    assert row(after, "rl", "core") == row(before, "rl", "core"), "no such calls are known"


def test_a_judge_and_a_prompted_guide_are_in_the_bill(small: Params) -> None:
    content = small.model_dump()
    content["judge"].update(name="bedrock/us.amazon.nova-lite-v1:0", weight=0.1, faithful=True)
    content["evaluate"]["prompted"] = "openai/gpt-4.1-nano"
    bill = estimate(Params.model_validate(content), TASKS | {"test": [task(40)]}, None)
    assert row(bill, "rl", "judge")["usd"] > 0
    assert row(bill, "evaluate", "judge")["calls"] == round(0.8 * 6)
    assert row(bill, "evaluate", "prompted")["calls"] == 1


def test_a_folder_without_tasks_is_named(settings: Params, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no good task"):
        tasks_at_hand(settings, tmp_path)
