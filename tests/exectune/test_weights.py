from pathlib import Path

import pytest

from exectune import weights
from exectune.errors import ModelError
from exectune.training.checkpoints import with_lora


def test_a_folder_that_is_no_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing here")
    with pytest.raises(ModelError, match=r"holds no config\.json") as caught:
        weights.load(str(tmp_path), "auto")
    assert str(tmp_path) in str(caught.value)


def test_a_name_that_is_nowhere_is_named_with_what_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="no/such-model") as caught:
        weights.load("no/such-model", "auto")
    assert weights.BUNDLED in str(caught.value)


def test_a_folder_without_an_adapter_says_how_to_train_one(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="dvc repro"):
        weights.load(str(tiny_model), "float32", tmp_path)


def test_an_adapter_gives_the_model_another_name_and_other_weights_another(
    tiny_model: Path, tmp_path: Path
) -> None:
    import torch

    names = {weights.load(str(tiny_model), "float32").identity}
    for scale in (1.0, 2.0):
        model = with_lora(weights.load_base(str(tiny_model), "float32"), 2)
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.constant_(parameter, scale)
        folder = tmp_path / str(scale) / "adapter"
        model.save_pretrained(folder)
        names.add(weights.load(str(tiny_model), "float32", folder).identity)
    assert len(names) == 3


def test_dtype_is_part_of_the_name(tiny_model: Path) -> None:
    assert (
        weights.load(str(tiny_model), "bfloat16").identity
        != weights.load(str(tiny_model), "float32").identity
    )
