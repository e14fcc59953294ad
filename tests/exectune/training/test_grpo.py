import copy
from collections.abc import Callable, Sequence
from pathlib import Path

from exectune import weights
from exectune.params import Models, Reward, Rl
from exectune.training.checkpoints import with_lora
from exectune.training.grpo import in_passes, merge_into, train_rl

SETTINGS = Rl(
    max_steps=3,
    prompts_per_step=2,
    group_size=4,
    learning_rate=1e-2,
    temperature=5.0,  # nearly uniform, so that some end within the limit: cut ones carry no signal
    max_new_tokens=110,
    screen_tasks=4,
    screen_samples=2,
    scale_rewards="none",
    reward=Reward(correct=1.0, executed=0.2, degrade=0.5, cost=0.01),
)


def test_the_merged_copy_is_the_guide(tiny_model: Path) -> None:
    import torch

    network = weights.load_base(str(tiny_model), "float32")
    target = copy.deepcopy(network.model)
    guide = with_lora(network, 2)
    for name, parameter in guide.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter)
    rows = torch.randint(2, 200, (2, 9))
    before = target(rows).logits
    merge_into(target, guide)
    torch.testing.assert_close(target(rows).logits, guide(rows).logits, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(before, target(rows).logits)


def test_rewards_reach_the_guide_and_the_log(tiny_model: Path, tmp_path: Path) -> None:
    start = tmp_path / "start"
    with_lora(weights.load_base(str(tiny_model), "float32"), 2).save_pretrained(start)
    calls: list[tuple[list[int], int]] = []
    steps: list[int] = []

    def reward(
        places: Sequence[int],
        completions: Sequence[str],
        sizes: Sequence[tuple[int, int]],
        log: Callable[[str, float], None],
    ) -> list[float | None]:
        calls.append((list(places), len(completions)))
        assert all(written <= SETTINGS.max_new_tokens for _, written in sizes)
        log("correct", 0.25)
        # One call failed: it carries no signal, and is not a zero.
        return [None, *[float(len(text) % 3) for text in completions[1:]]]

    trained = train_rl(
        ["Problem: a\n", "Problem: bb\n", "Problem: ccc\n"],
        reward,
        start,
        tmp_path / "adapter",
        tmp_path / "checkpoints",
        models=Models(guide=str(tiny_model), core=str(tiny_model), dtype="float32", batch_size=8),
        settings=SETTINGS,
        seed=0,
        on_step=steps.append,
    )
    assert steps == [1, 2, 3]
    assert len(calls) == 3
    for places, count in calls:
        assert count == 8
        assert places == [places[0]] * 4 + [places[4]] * 4  # a group a prompt
    assert trained.column("correct") == [0.25] * 3
    assert weights.digest(tmp_path / "adapter") != weights.digest(start)


def test_rewards_without_variance_change_nothing(tiny_model: Path, tmp_path: Path) -> None:
    start = tmp_path / "start"
    with_lora(weights.load_base(str(tiny_model), "float32"), 2).save_pretrained(start)
    train_rl(
        ["Problem: a\n", "Problem: bb\n"],
        lambda places, *_: [1.2] * len(places),
        start,
        tmp_path / "adapter",
        tmp_path / "checkpoints",
        models=Models(guide=str(tiny_model), core=str(tiny_model), dtype="float32", batch_size=8),
        settings=SETTINGS,
        seed=0,
        on_step=lambda _: None,
    )
    assert weights.digest(tmp_path / "adapter") == weights.digest(start)


def test_each_pass_draws_every_task_once() -> None:
    order = in_passes(5, 12, seed=0)
    assert len(order) == 12
    assert sorted(order[:5]) == sorted(order[5:10]) == [0, 1, 2, 3, 4]
    assert order[:5] != order[5:10]
    assert order == in_passes(5, 12, seed=0) != in_passes(5, 12, seed=1)
