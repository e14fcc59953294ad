"""The code domain through all stages and DVC, in a clone.

The guide is a tiny model that has learnt one strategy by heart, the core an endpoint on loopback that writes a program
where it is given a strategy, and nothing of use where it is not.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from exectune import params
from exectune.params import SandboxLimits
from flows import demo_code
from tests import test_pipeline as pipeline
from tests.loopback.server import Loopback

SMALL: dict[str, dict[str, Any]] = {
    "models": {"core": "openai/by-rule", "dtype": "float32", "batch_size": 16},
    "protocol": {"name": "code", "max_new_tokens": 100},
    "baseline": {"max_new_tokens": 100},
    "sft": {"max_steps": 2, "batch_size": 2, "lora_rank": 2, "learning_rate": 1e-5},
    "rl": {
        "max_steps": 1,
        "prompts_per_step": 2,
        "group_size": 2,
        "max_new_tokens": 60,
        "learning_rate": 1e-5,
    },
    "evaluate": {"max_new_tokens": 60, "resamples": 100},
}
PROGRAM = "def twice(n):\n    # step 1\n    return 2 * n\n"
SIZES = {"train": 4, "dev": 1, "test": 2, "held_out": 1}


def tasks(split: str) -> Iterator[dict[str, Any]]:
    """Functions that double a number."""
    for number in range(SIZES[split]):
        name = f"{split[:2]}{number}"
        yield {
            "id": name,
            "domain": "code",
            "family": "held" if split == "held_out" else "seen",
            "question": f"Write `twice(n)`, which doubles n, for shelf {name}.",
            "entry_point": "twice",
            "steps": ["Return twice n."],
            "solution": PROGRAM,
            "tests": ["assert twice(2) == 4", "for n in range(3):\n    assert twice(n) == n + n\n"],
            "examples": ["twice(2)"],
            "answer": "",
        }


def lessons() -> list[tuple[str, str]]:
    from exectune.guides.prompt import END, question_prompt
    from exectune.strategy import Strategy

    made = [task for split in SIZES for task in tasks(split)]
    return [
        (question_prompt(task["question"]), Strategy(tuple(task["steps"])).text + END) for task in made
    ] * 3


def test_the_working_tree_gets_the_profile_and_the_code_tasks(tmp_path: Path) -> None:
    for name in ("params.yaml", "data.dvc", ".dvc/config", demo_code.PROFILE):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(pipeline.ROOT / name, tmp_path / name)
    shutil.copytree(pipeline.ROOT / demo_code.TASKS, tmp_path / demo_code.TASKS)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    demo_code.prepare(tmp_path)
    profile = pipeline.ROOT / demo_code.PROFILE
    assert params.load(tmp_path / "params.yaml") == params.load(pipeline.ROOT / "params.yaml", profile)
    assert {path.name for path in (tmp_path / "data").iterdir()} == {
        path.name for path in (tmp_path / demo_code.TASKS).iterdir()
    }
    assert "frozen" not in (tmp_path / "data.dvc").read_text(encoding="utf-8")


def test_a_step_that_fails_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"`exectune use profiles/demo-code.yaml` failed in"):
        demo_code.prepare(tmp_path)


@pytest.mark.parametrize(("accepted", "too_small"), [(0, True), (1, True), (60, False)])
def test_it_says_how_far_the_core_went(tmp_path: Path, accepted: int, too_small: bool) -> None:
    assert demo_code.how_far(tmp_path) == ""
    (tmp_path / "metrics").mkdir()
    figures = {"executability": {"value": 0.5, "n": 120}, "accepted": accepted}
    (tmp_path / "metrics/accept.json").write_text(json.dumps(figures), encoding="utf-8")
    said = demo_code.how_far(tmp_path)
    assert f"Of 120 gold plans this core carried out 60, and got {accepted} of them right." in said
    assert ("too small for code" in said) is too_small


@pytest.mark.timeout(600)
def test_all_stages_run_on_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: SandboxLimits
) -> None:
    clone, model = tmp_path / "clone", tmp_path / "model"
    clone.mkdir()
    monkeypatch.setattr(pipeline, "lessons", lessons)
    monkeypatch.setattr(pipeline, "SIZES", SIZES)
    monkeypatch.setattr(pipeline, "tasks", tasks)
    pipeline.make_model(model)
    with Loopback(lambda _, prompt: PROGRAM if "<strategy>" in prompt else "no") as server:
        endpoints = {"openai": {"url": f"{server.url}/v1", "key_env": "OPENAI_API_KEY"}}
        monkeypatch.setattr(pipeline, "SMALL", SMALL | {"endpoints": endpoints})
        pipeline.make_clone(clone, model)
        assert pipeline.ran(pipeline.dvc(clone, "repro")) == list(pipeline.STAGES)
    accepted = pl.read_parquet(clone / "artifacts/accept/accepted.parquet")
    assert accepted.height == SIZES["train"]
    arms = json.loads((clone / "metrics/evaluate.json").read_text(encoding="utf-8"))["arms"]
    assert arms["core"]["test"]["accuracy"]["value"] == 0.0
    for arm in ("sft", "gold"):
        assert arms[arm]["test"]["accuracy"]["value"] == 1.0
        assert arms[arm]["test"]["executability"]["value"] == 1.0
    assert "def twice" in (clone / "artifacts/evaluate/report.html").read_text(encoding="utf-8")
