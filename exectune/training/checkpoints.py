"""What both trainings share: a LoRA adapter to start from, and a run that survives being killed.

Checkpoints stand outside the stages' outs, which DVC deletes before it runs a stage again, in a folder named for
what goes into the training: other data or settings never resume from them.
"""

import hashlib
import json
import os
import shutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exectune.generation import Network

ROOT = Path(".exectune/checkpoints")


@dataclass(frozen=True)
class Trained:
    """A trained adapter's folder, and what the trainer logged at each step."""

    adapter: Path
    steps: list[dict[str, float]]

    def column(self, name: str) -> list[float]:
        """One logged figure by step."""
        return [float(entry[name]) for entry in self.steps]


def checkpoint_folder(stage: str, *inputs: object) -> Path:
    """The folder for one training's checkpoints, by a hash of its inputs."""
    content = json.dumps([repr(item) for item in inputs]).encode()
    return ROOT / stage / hashlib.sha256(content).hexdigest()[:16]


def quiet() -> None:
    """Keep what the trainers say about themselves, and their progress bars, out of a stage's log."""
    import datasets

    datasets.disable_progress_bars()
    os.environ["TRL_EXPERIMENTAL_SILENCE"] = "1"
    warnings.filterwarnings("ignore", module=r"(torch|trl)\.")


def with_lora(network: Network, rank: int) -> Any:
    """The network with a fresh LoRA adapter on all its linear layers."""
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        task_type="CAUSAL_LM", r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules="all-linear"
    )
    return mixed_precision(get_peft_model(network.model, config))


def mixed_precision(guide: Any) -> Any:
    """The same guide, its float32 adapter free of casts: autocast computes in bfloat16, updates are not rounded."""
    from peft.tuners.lora import LoraLayer

    for module in guide.modules():
        if isinstance(module, LoraLayer):
            module.cast_input_dtype_enabled = False
    return guide


def train(trainer: Any, adapter: Path, checkpoints: Path, on_step: Callable[[int], None]) -> Trained:
    """Run a trainer to its end, from its last checkpoint if there is one, and save the adapter as safetensors."""
    from transformers import TrainerCallback
    from transformers.trainer_callback import PrinterCallback

    class Steps(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            on_step(state.global_step)

    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(Steps())
    resume = any(checkpoints.glob("checkpoint-*"))
    trainer.train(resume_from_checkpoint=resume or None)
    adapter.mkdir(parents=True, exist_ok=True)
    trainer.model.save_pretrained(adapter)
    steps = [entry for entry in trainer.state.log_history if "loss" in entry]
    shutil.rmtree(checkpoints, ignore_errors=True)
    return Trained(adapter, steps)
