"""Reinforcement learning of the guide: prompts and a reward in, a LoRA adapter out. TRL's `GRPOTrainer`, set up.

Strategies are sampled from a copy of the guide with the adapter merged in, which is quicker than sampling through
the adapter and never rounds the trained weights. A killed run goes on from its last checkpoint.
"""

import copy
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from exectune import weights
from exectune.cores.base import Sampling
from exectune.generation import Network, continue_rows
from exectune.params import Models, Rl
from exectune.training.checkpoints import Trained, mixed_precision, quiet, train
from exectune.training.head import score_labels_only

Rewards = list[float | None]  # None: the call failed, so the sample carries no signal
Sizes = Sequence[tuple[int, int]]  # tokens of the prompt, tokens of the completion
Reward = Callable[[Sequence[int], Sequence[str], Sizes, Callable[[str, float], None]], Rewards]


def train_rl(
    prompts: Sequence[str],
    reward: Reward,
    start: Path,
    adapter: Path,
    checkpoints: Path,
    *,
    models: Models,
    settings: Rl,
    seed: int,
    on_step: Callable[[int], None],
) -> Trained:
    """Train an adapter further.

    Args:
        prompts: what the guide is asked, one a task.
        reward: (places of the tasks in `prompts`, completions, their sizes in tokens, log) → rewards. `log(name,
            value)` puts a figure into the step's log.
        start: the adapter to go on from, as `train_sft` saved it.
        adapter: the folder the trained one goes to.
        checkpoints: outside the stage's outs, so that they outlive a killed run; emptied at the end.
    """
    from datasets import Dataset
    from peft import PeftModel
    from transformers import set_seed
    from trl import GRPOConfig, GRPOTrainer

    class Trainer(GRPOTrainer):
        def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> Any:
            learns_B = (
                inputs["advantages"].abs() > 1e-6
            )  # the others' gradient is zero: their forward pass is spared
            return super()._compute_loss(
                model, inputs | {"completion_mask": inputs["completion_mask"] * learns_B[:, None]}
            )

    quiet()
    set_seed(seed)
    ordered = in_passes(len(prompts), settings.prompts_per_step * settings.max_steps, seed)
    network = weights.load_base(models.guide, models.dtype)
    sampler = Network(copy.deepcopy(network.model), network.tokenizer, "sampler")
    guide = mixed_precision(PeftModel.from_pretrained(network.model, start, is_trainable=True))

    def rollout(batch: list[str], trainer: Any) -> dict[str, Any]:
        merge_into(sampler.model, guide)
        rows = network.tokenizer(batch).input_ids
        sampling = Sampling(
            settings.max_new_tokens,
            settings.temperature,
            stop="",
            seed=seed * 100_003 + trainer.state.global_step,
        )
        new_rows = continue_rows(sampler, rows, sampling, batch_size=len(rows))
        return {"prompt_ids": rows, "completion_ids": new_rows, "logprobs": None}

    def rewarded(prompts: list[str], completions: list[str], task: list[int], **extra: Any) -> Rewards:
        pairs = zip(network.tokenizer(prompts).input_ids, extra["completion_ids"], strict=True)
        sizes = [(len(read), len(written)) for read, written in pairs]
        return reward(task, completions, sizes, extra["log_metric"])

    arguments = GRPOConfig(
        output_dir=str(checkpoints),
        max_steps=settings.max_steps,
        # One generation of all groups, then one forward and backward a group: a quarter of the memory.
        per_device_train_batch_size=settings.group_size,
        gradient_accumulation_steps=settings.prompts_per_step,
        num_generations=settings.group_size,
        max_completion_length=settings.max_new_tokens,
        temperature=settings.temperature,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=2,
        beta=0.0,
        scale_rewards=settings.scale_rewards,
        mask_truncated_completions=True,
        gradient_checkpointing=False,
        use_cpu=network.model.device.type == "cpu",
        bf16=network.model.dtype.itemsize == 2,  # autocast, where the weights are bfloat16
        logging_steps=1,
        save_steps=10,
        save_total_limit=1,
        report_to="none",
        disable_tqdm=True,
        seed=seed,
        shuffle_dataset=False,  # `ordered` is
    )
    trainer = Trainer(
        model=guide,
        reward_funcs=rewarded,
        args=arguments,
        train_dataset=Dataset.from_list([{"prompt": prompts[place], "task": place} for place in ordered]),
        processing_class=network.tokenizer,
        rollout_func=rollout,
    )
    score_labels_only(trainer, settings.temperature)
    return train(trainer, adapter, checkpoints, on_step)


def in_passes(tasks: int, draws: int, seed: int) -> list[int]:
    """The places of the tasks in the order in which they are drawn: pass after pass, each shuffled.

    A step mixes short and long problems. Steps of like length, which are quicker, pull one way and then another.
    """
    chance = random.Random(seed)
    ordered: list[int] = []
    while len(ordered) < draws:
        ordered += chance.sample(range(tasks), tasks)
    return ordered[:draws]


def merge_into(target: Any, guide: Any) -> None:
    """Set the weights of `target`, a copy of the base model, to base plus adapter."""
    import torch
    from peft.tuners.lora import LoraLayer

    with torch.no_grad():
        for name, module in guide.base_model.model.named_modules():
            if isinstance(module, LoraLayer):
                merged = module.base_layer.weight + module.get_delta_weight("default")
                target.get_submodule(name).weight.copy_(merged)
