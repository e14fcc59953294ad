import json
from pathlib import Path

import mlflow
import pytest

from exectune import stage, tracking
from exectune.outcome import to_frame, write_frame
from exectune.task import SPLITS, write_tasks
from stages import promote
from tests.exectune.registered import NAME, TASKS, aliases, prepare
from tests.scripted import outcome, task


@pytest.fixture
def evaluated(project: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder in which all stages before have run."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    monkeypatch.delenv("DVC_STAGE", raising=False)
    prepare(project)
    (project / "artifacts/prepare").mkdir(parents=True)
    for split in SPLITS:
        write_tasks([task(3)], project / f"artifacts/prepare/{split}.parquet")
    network = AutoModelForCausalLM.from_pretrained(tiny_model)
    get_peft_model(network, LoraConfig(r=2, target_modules=["q_proj"])).save_pretrained(
        "artifacts/rl/adapter"
    )
    (project / "dvc.lock").write_text("schema: '2.0'\n")
    measure(right=200)
    return project


def measure(right: int) -> None:
    rows = [
        outcome(task_id=f"t{n}", question=f"q{n}", arm=arm, correct=arm == "rl" and n < right)
        for arm in ("core", "rl")
        for n in range(TASKS)
    ]
    write_frame(to_frame(rows), Path("artifacts/evaluate/outcomes.parquet"))


def test_a_guide_that_passes_becomes_champion_with_its_cards_and_tags(evaluated: Path) -> None:
    stage.run("promote", promote.main)
    assert aliases() == {"champion": 1, "challenger": 1}
    version = mlflow.MlflowClient().get_model_version(NAME, "1")
    assert version.tags["core"] == "smollm2-135m"
    assert version.tags["accuracy.test"] == "0.6667"
    assert version.tags["gate"] == "passed"
    assert version.tags["gate.leak"].endswith("limit 0.01: passed")
    assert len(version.tags["dvc_lock"]) == 64
    assert version.tags["champion_why"] == "it passes the gate"
    assert "# Data" in version.description
    assert "| train | 1 | 1 |" in version.description
    written = json.loads(Path("metrics/promote.json").read_text(encoding="utf-8"))
    assert (written["version"], written["promoted"], written["note"]) == (1, True, "")


def test_the_adapter_loads_with_plain_peft_and_names_its_base(evaluated: Path, tiny_model: Path) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    stage.run("promote", promote.main)
    folder = tracking.fetch_adapter(NAME, 1)
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md",
        "adapter_config.json",
        "adapter_model.safetensors",
    ]
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    assert config["base_model_name_or_path"] == "HuggingFaceTB/SmolLM2-135M-Instruct"
    loaded = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_model), folder)
    trained = PeftModel.from_pretrained(
        AutoModelForCausalLM.from_pretrained(tiny_model), "artifacts/rl/adapter"
    )
    for name, value in trained.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[name]), name


def test_a_guide_that_is_no_better_is_challenger_only(
    evaluated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.run("promote", promote.main)
    stage.run("promote", promote.main)
    assert aliases() == {"champion": 1, "challenger": 2}
    assert "utility_over_champion: bound 0.0000, limit 0: failed" in capsys.readouterr().out
    measure(right=TASKS)
    stage.run("promote", promote.main)
    assert aliases() == {"champion": 3, "previous": 1, "challenger": 3}


def test_a_server_that_cannot_be_reached_is_one_message(
    evaluated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(
        SystemExit, match=r"^promote: MLflow's server at http://127\.0\.0\.1:9 cannot be reached"
    ):
        stage.run("promote", promote.main)
    assert not Path("metrics/promote.json").exists()
