from pathlib import Path

from exectune.params import Models, Sft
from exectune.training.checkpoints import checkpoint_folder
from exectune.training.sft import train_sft

PAIRS = [
    (f"Problem: {'word ' * length}\n", f"<strategy>\n1. Add {length} to 2.\n</strategy>")
    for length in range(10)
]


def settings(max_steps: int) -> Sft:
    return Sft(max_steps=max_steps, batch_size=2, learning_rate=1e-2, lora_rank=2)


def models(folder: Path) -> Models:
    return Models(guide=str(folder), core=str(folder), dtype="float32", batch_size=8)


def test_training_lowers_the_loss_and_saves_safetensors(tiny_model: Path, tmp_path: Path) -> None:
    seen: list[int] = []
    trained = train_sft(
        PAIRS,
        tmp_path / "adapter",
        tmp_path / "checkpoints",
        models=models(tiny_model),
        settings=settings(12),
        seed=0,
        on_step=seen.append,
    )
    losses = trained.column("loss")
    assert seen == list(range(1, 13))
    assert sum(losses[-3:]) < sum(losses[:3])
    assert (tmp_path / "adapter/adapter_model.safetensors").is_file()
    assert not (tmp_path / "checkpoints").exists()


def test_checkpoints_of_other_data_or_settings_stand_elsewhere() -> None:
    assert checkpoint_folder("sft", PAIRS, settings(5)) == checkpoint_folder("sft", PAIRS, settings(5))
    assert checkpoint_folder("sft", PAIRS, settings(5)) != checkpoint_folder("sft", PAIRS[1:], settings(5))
    assert checkpoint_folder("sft", PAIRS, settings(5)) != checkpoint_folder("sft", PAIRS, settings(6))
