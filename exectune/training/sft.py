"""Supervised fine-tuning of the guide: (prompt, completion) pairs in, a LoRA adapter out. TRL's `SFTTrainer`, set up.

Only the completion carries loss. A killed run goes on from its last checkpoint.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from exectune import weights
from exectune.params import Models, Sft
from exectune.training.batches import in_batches
from exectune.training.checkpoints import Trained, quiet, train, with_lora
from exectune.training.head import score_labels_only

SAVE_STEPS = 50
Pair = tuple[str, str]  # prompt, completion


def train_sft(
    pairs: Sequence[Pair],
    adapter: Path,
    checkpoints: Path,
    *,
    models: Models,
    settings: Sft,
    seed: int,
    on_step: Callable[[int], None],
) -> Trained:
    """Train a fresh adapter on pairs.

    Args:
        adapter: the folder it goes to.
        checkpoints: outside the stage's outs, so that they outlive a killed run; emptied at the end.
    """
    from datasets import Dataset
    from transformers import set_seed
    from trl import SFTConfig, SFTTrainer

    quiet()
    set_seed(seed)
    ordered = in_batches(
        pairs,
        size=settings.batch_size,
        batches=settings.max_steps,
        length=lambda pair: len("".join(pair)),
        seed=seed,
    )
    network = weights.load_base(models.guide, models.dtype)
    arguments = SFTConfig(
        output_dir=str(checkpoints),
        max_steps=settings.max_steps,
        per_device_train_batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=max(1, settings.max_steps // 10),
        optim="adamw_torch_fused",
        adam_beta2=0.95,  # with 0.999 a run of small batches jumped in loss, from 0.26 to 0.58, and never recovered
        train_sampling_strategy="sequential",
        completion_only_loss=True,
        max_length=None,
        gradient_checkpointing=False,
        use_cpu=network.model.device.type == "cpu",
        bf16=network.model.dtype.itemsize == 2,  # autocast, where the weights are bfloat16
        logging_steps=1,
        save_steps=SAVE_STEPS,
        save_total_limit=1,
        report_to="none",
        disable_tqdm=True,
        seed=seed,
    )
    trainer = SFTTrainer(
        model=with_lora(network, settings.lora_rank),
        args=arguments,
        train_dataset=Dataset.from_list([{"prompt": prompt, "completion": text} for prompt, text in ordered]),
        processing_class=network.tokenizer,
    )
    score_labels_only(trainer)
    return train(trainer, adapter, checkpoints, on_step)
