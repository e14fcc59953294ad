import json
from pathlib import Path
from typing import Any

import pytest
from prefect.exceptions import ObjectNotFound

from flows import canary, commands

NIGHT: dict[str, Any] = {
    "model": "exectune-guide",
    "version": 3,
    "core": "openai/gpt",
    "night": 2,
    "tasks": 80,
    "failed": 0,
    "usd_paid": 0.01,
    "limit": 300.0,
    "latency_s": 1.0,
    "latency_promotion_s": 0.9,
    "since": 2,
    "new": True,
    "drift": True,
    "reason": "openai/gpt does worse: accuracy is 2.0%, 79.0% at promotion",
    "figures": [{"name": "accuracy", "tonight": 0.02, "promotion": 0.79, "evidence": 1e9}],
    "history": [
        {
            "night": n,
            "at": f"2026-11-0{n + 1}",
            "executability": 0.9,
            "accuracy": 0.8,
            "usd": 0.0003,
            "latency_s": 1.0,
            "evidence": 0.5,
        }
        for n in range(3)
    ],
}


class Project:
    """A folder in which `exectune canary` ends as it is told; what was run is in `ran`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.code, self.deployed, self.ran, self.started = 0, True, [], []  # type: ignore[var-annotated]
        self.events: list[dict[str, Any]] = []
        self.told: list[tuple[str, ...]] = []
        monkeypatch.setattr(commands, "run", self._run)
        monkeypatch.setattr(canary, "run_deployment", self._deployment)
        monkeypatch.setattr(canary, "retrain", lambda **given: self.started.append(("here", given)))
        monkeypatch.setattr(canary, "notify", lambda *said: self.told.append(said))
        monkeypatch.setattr(
            canary, "emit_event", lambda name, **said: self.events.append({"name": name, **said})
        )

    def night(self, code: int, **changes: Any) -> None:
        self.code = code
        canary.RESULT.parent.mkdir(exist_ok=True)
        canary.RESULT.write_text(json.dumps(NIGHT | changes), encoding="utf-8")

    def _run(self, command: list[str], log: Any, environment: dict[str, str]) -> int:
        self.ran.append(command[1:])
        log("as it was told")
        return self.code if command[1] == "canary" else 0

    def _deployment(self, name: str, **given: Any) -> None:
        if not self.deployed:
            raise ObjectNotFound(ValueError(name))
        self.started.append((name, given["parameters"]))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefect_server: None) -> Project:
    monkeypatch.chdir(tmp_path)
    return Project(monkeypatch)


def test_a_quiet_night_starts_nothing(project: Project) -> None:
    project.night(0, drift=False, new=False, since=None, reason="")
    assert canary.canary(tasks=20)["drift"] is False
    assert project.ran == [["canary", "--tasks", "20"]]
    assert project.started == project.events == []


def test_the_first_alarm_is_an_event_and_starts_a_retraining_that_asks_the_core_anew(
    project: Project,
) -> None:
    project.night(3)
    canary.canary()
    assert project.ran == [
        ["canary"],
        ["forget", "openai/gpt"],
        ["-m", "dvc", "repro", "--force", "--single-item", "baseline", "accept"],
    ]
    assert project.started == [("retrain/retrain", {"reason": NIGHT["reason"]})]
    (event,) = project.events
    assert event["name"] == "exectune.drift"
    assert event["payload"]["reason"] == NIGHT["reason"]
    assert project.told == [("drift", "canary", NIGHT["reason"])]


def test_without_a_deployment_the_flow_itself_is_started(project: Project) -> None:
    project.night(3)
    project.deployed = False
    canary.canary()
    assert project.started == [("here", {"reason": NIGHT["reason"]})]


@pytest.mark.parametrize(("new", "wanted"), [(False, True), (True, False)])
def test_an_alarm_retrains_once_and_only_where_it_may(project: Project, new: bool, wanted: bool) -> None:
    project.night(3, new=new)
    canary.canary(retrain_on_drift=wanted)
    assert project.ran == [["canary"]]
    assert len(project.events) == 1


def test_a_night_that_failed_says_why_and_accuses_nobody(project: Project) -> None:
    project.night(1)
    with pytest.raises(commands.CommandFailed, match=r"canary failed \(exit code 1\): as it was told"):
        canary.canary()
    assert project.started == project.events == []


def test_the_page_names_the_verdict_and_shows_the_last_nights() -> None:
    history = [NIGHT["history"][0] | {"night": n} for n in range(60)]
    page = canary.page(NIGHT | {"history": history})
    assert "**Alarm since night 2**: openai/gpt does worse" in page
    assert "| accuracy | 2.0% | 79.0% | 1e+09 |" in page
    rows = [line.split(" | ")[0] for line in page.splitlines() if "| 2026-" in line]
    assert rows == [*(f"| {n}" for n in range(59, 29, -1)), "| 0"], "the last thirty, and promotion"


def test_the_form_explains_itself() -> None:
    properties = canary.canary.parameters.properties
    assert all(field["description"] for field in properties.values())
