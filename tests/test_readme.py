"""What the README shows works as it stands there."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from exectune.domains import table
from exectune.guides.local import GivenGuide
from exectune.ledger import Ledger
from exectune.params import Params, SandboxLimits
from exectune.policy import GuideCorePolicy
from exectune.strategy import Strategy
from exectune.task import Task
from exectune.taskfile import Seen, read
from tests.scripted import Scripted

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
PLAN = Strategy(("Look for what the customer wants.", "Name the queue for it.")).text


@pytest.fixture
def tickets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The domain that the README adds."""
    [code] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, Any] = {"__name__": "tickets"}
    exec(compile(code, "README.md", "exec"), names)
    monkeypatch.setattr(table, "DOMAINS", {**table.DOMAINS, "tickets": names["TICKETS"]})


@pytest.mark.usefixtures("tickets")
@pytest.mark.parametrize(
    ("reply", "executed", "correct"),
    [
        ("Step 1: money back\nStep 2: billing\nQueue: billing", True, True),
        ("Step 1: money back\nStep 2: login\nQueue: login", True, False),
        ("Queue: billing", False, True),
        ("Step 1: money back\nStep 2: billing\n", False, False),
    ],
)
def test_the_third_domain_works(
    reply: str, executed: bool, correct: bool, ledger: Ledger, settings: Params
) -> None:
    protocol = settings.protocol.model_copy(update={"name": "tickets"})
    task = Task("t", "test", "all", "I paid twice.", (), "billing", "tickets")
    policy = GuideCorePolicy(
        GivenGuide("given", {task.question: PLAN}),
        Scripted("core", lambda _: reply),
        ledger,
        settings.model_copy(update={"protocol": protocol}),
    )
    [outcome] = policy.run([task], arm="gold", run_id="")
    assert (outcome.valid, outcome.executed, outcome.correct) == (True, executed, correct)


def test_the_code_task_is_one(tmp_path: Path, limits: SandboxLimits) -> None:
    [text] = re.findall(r'^    (\{"id": "c1".*?\})\n\n', README, re.DOTALL | re.MULTILINE)
    (tmp_path / "train.jsonl").write_text(json.dumps(json.loads(text)))
    fault = table.DOMAINS["code"].fault
    file = read(
        tmp_path / "train.jsonl",
        "train",
        Seen(),
        max_question_chars=800,
        fault=lambda task: fault(task, limits),
    )
    assert (len(file.good), file.quarantined) == (1, [])
