from pathlib import Path

import pytest

from exectune.training.sft import train_sft
from tests.exectune.training.test_sft import PAIRS, models, settings


class Killed(Exception):
    """Stands for the end of the process."""


def test_a_killed_training_goes_on_from_its_checkpoint(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import exectune.training.sft as module

    monkeypatch.setattr(module, "SAVE_STEPS", 4)

    def killed_at_six(step: int) -> None:
        if step == 6:
            raise Killed

    seen: list[int] = []
    where = (tmp_path / "adapter", tmp_path / "checkpoints")
    options = {"models": models(tiny_model), "settings": settings(10), "seed": 0}
    with pytest.raises(Killed):
        train_sft(PAIRS, *where, **options, on_step=killed_at_six)  # type: ignore[arg-type]
    assert [path.name for path in where[1].glob("checkpoint-*")] == ["checkpoint-4"]
    trained = train_sft(PAIRS, *where, **options, on_step=seen.append)  # type: ignore[arg-type]
    assert seen == list(range(5, 11))
    assert len(trained.column("loss")) == 10
