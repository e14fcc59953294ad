"""All stages through DVC, in a temporary clone, on a tiny model that takes the place of guide and core.

The model has 0.1 million weights and has learnt three things by heart: to plan a problem as "Multiply 3 by 8.", to
carry a step out as `3 * 8`, and to answer a whole problem with `1`. So the core alone is always wrong, strategies for
3 × 8 succeed, and those for 9 − 2 are not carried out.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from ruamel.yaml import YAML

from exectune import process
from tests.running import environment_without, printed

ROOT = Path(__file__).parents[1]
STAGES = ("prepare", "baseline", "teacher", "accept", "sft", "rl", "evaluate", "promote")
ARMS = ("core", "untrained", "sft_all", "sft", "rl", "gold")
SMALL = {
    "models": {"dtype": "float32", "batch_size": 16},
    "sft": {"max_steps": 2, "batch_size": 2, "lora_rank": 2, "learning_rate": 1e-5},
    "rl": {
        "max_steps": 2,
        "prompts_per_step": 2,
        "group_size": 2,
        "max_new_tokens": 60,
        "learning_rate": 1e-5,
    },
    "evaluate": {"max_new_tokens": 60, "resamples": 200},
}
SIZES = {"train": 12, "dev": 3, "test": 4, "held_out": 4}


def tasks(split: str) -> Iterator[dict[str, Any]]:
    """Three in four ask for 3 × 8, the others for 9 − 2."""
    for number in range(SIZES[split]):
        family = "boxes" if split != "held_out" else "crates"
        name = f"{split}-{number:04d}"
        if number % 4 < 3:
            question = f"Shelf {name} holds 3 {family} of 8 pens. How many pens are that?"
            yield {"id": name, "question": question, "steps": ["3 * 8"], "answer": "24", "family": family}
        else:
            question = f"From shelf {name} with 9 {family}, 2 are taken. How many are left?"
            yield {"id": name, "question": question, "steps": ["9 - 2"], "answer": "7", "family": family}


def lessons() -> list[tuple[str, str]]:
    """Prompt and continuation, in the words of the project."""
    from exectune.guides.prompt import END, question_prompt
    from exectune.protocols import program
    from exectune.strategy import Strategy

    strategy = Strategy(("Multiply 3 by 8.",)).text + END
    steps = (
        "Multiply 3 by 8.",
        "Calculate 3 times 8.",
        "Make 3 groups of 8.",
        "Subtract 2 from 9.",
        "Take 2 away from 9.",
    )
    questions = [task["question"] for split in SIZES for task in tasks(split)]
    return [
        *[(program.STEP_PREFIX + program.step_prompt(step), " 3 * 8\n") for step in steps],
        *[(program.ALONE_PREFIX + program.alone_prompt(question), " 1\n") for question in questions[::4]],
        *[(question_prompt(question), strategy) for question in questions],
    ]


def make_model(folder: Path) -> None:
    """Train the model until it has learnt its lessons by heart, and save it as safetensors."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(0)
    tokens = ["<|pad|>", "<|im_end|>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    plain = Tokenizer(models.BPE(vocab={token: number for number, token in enumerate(tokens)}, merges=[]))
    plain.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    plain.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=plain, eos_token=tokens[1], pad_token=tokens[0])
    config = LlamaConfig(
        vocab_size=len(tokens),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=4096,
        bos_token_id=None,
        eos_token_id=1,
        pad_token_id=0,
    )
    model = LlamaForCausalLM(config)
    rows = []
    for prompt, continuation in lessons():
        start, end = tokenizer(prompt).input_ids, tokenizer(continuation).input_ids
        rows.append((torch.tensor([start + end]), torch.tensor([[-100] * len(start) + end])))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for epoch in range(60):
        losses = []
        for number, (row, labels) in enumerate(rows):
            loss = model(input_ids=row, labels=labels).loss
            loss.backward()
            losses.append(loss.item())
            if number % 4 == 3 or number == len(rows) - 1:
                optimizer.step()
                optimizer.zero_grad()
        if epoch > 4 and max(losses) < 0.01:
            break
    assert max(losses) < 0.05, "the tiny model has not learnt its lessons"
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def make_clone(folder: Path, model: Path) -> None:
    """The working tree with its changes, small settings and few tasks, committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file() and not name.startswith(("dvc.lock", "metrics/")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    yaml = YAML()
    params = yaml.load(folder / "params.yaml")
    params["models"] |= {"guide": str(model), "core": str(model)}
    for section, values in SMALL.items():
        params[section].update(values)
    yaml.dump(params, folder / "params.yaml")
    for split in SIZES:
        lines = [json.dumps(task) + "\n" for task in tasks(split)]
        (folder / "exectune" / "bundled" / "tasks" / f"{split}.jsonl").write_text(
            "".join(lines), encoding="utf-8"
        )
    commit(folder)


def commit(folder: Path) -> None:
    subprocess.run(["git", "init", "-q", "."], cwd=folder, check=True)
    subprocess.run(["git", "add", "-A"], cwd=folder, check=True)
    author = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *author, "commit", "-q", "-m", "small"], cwd=folder, check=True)


def dvc(folder: Path, *arguments: str) -> str:
    """Run dvc with the environment's Python, as after `source .venv/bin/activate`; what it printed."""
    environment = environment_without("MLFLOW_")
    environment["PATH"] = process.path()
    return printed(folder, sys.executable, "-m", "dvc", *arguments, environment=environment)


def ran(printed: str) -> list[str]:
    return [name for name in STAGES if f"Running stage '{name}'" in printed]


@pytest.mark.timeout(600)
def test_all_stages_run_through_dvc_and_only_what_changed_runs_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone, model = tmp_path / "a clone", tmp_path / "model"
    clone.mkdir()
    make_model(model)
    make_clone(clone, model)

    assert ran(dvc(clone, "repro")) == list(STAGES)
    assert_everything_is_accounted_for(clone)
    assert_metrics_have_their_form(clone)
    assert (clone / "artifacts/evaluate/report.html").stat().st_size > 10_000
    assert_tracked(clone, monkeypatch)

    assert ran(dvc(clone, "repro")) == []
    assert dvc(clone, "metrics", "show", "--json")
    commit(clone)
    assert ran(dvc(clone, "exp", "run", "-S", "rl.max_steps=1")) == ["rl", "evaluate", "promote"]


def assert_everything_is_accounted_for(clone: Path) -> None:
    """Nothing is dropped: rows and candidates are either good or set aside, with a reason."""
    for split, size in SIZES.items():
        assert pl.read_parquet(clone / f"artifacts/prepare/{split}.parquet").height == size
    accepted = pl.read_parquet(clone / "artifacts/accept/accepted.parquet")
    rejected = pl.read_parquet(clone / "artifacts/accept/rejected.parquet")
    assert accepted["answer"].unique().to_list() == ["24"]
    assert (rejected["reason"] != "").all()
    first_tries = pl.concat([accepted.select("task_id", "round"), rejected.select("task_id", "round")])
    assert first_tries["task_id"].n_unique() == SIZES["train"]


def assert_metrics_have_their_form(clone: Path) -> None:
    metrics = json.loads((clone / "metrics/evaluate.json").read_text(encoding="utf-8"))
    assert tuple(metrics["arms"]) == ARMS
    for splits in metrics["arms"].values():
        for split in ("test", "held_out"):
            cell = splits[split]["accuracy"]
            assert set(cell) == {"value", "low", "high", "n"}
            assert 0 <= cell["low"] <= cell["value"] <= cell["high"] <= 1
            assert cell["n"] == SIZES[split]
    assert metrics["arms"]["core"]["test"]["accuracy"]["value"] == 0.0
    assert metrics["arms"]["sft"]["test"]["accuracy"]["value"] == 0.75  # 3 × 8, not 9 − 2
    outcomes = pl.read_parquet(clone / "artifacts/evaluate/outcomes.parquet")
    assert outcomes.height == len(ARMS) * (SIZES["test"] + SIZES["held_out"])


def assert_tracked(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One finished MLflow run a stage, and a registered guide."""
    from exectune import tracking

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{clone / 'mlflow.db'}")
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{clone / 'mlflow.db'}")
    runs = mlflow.search_runs(search_all_experiments=True, output_format="list")
    assert sorted(run.info.run_name for run in runs) == sorted(STAGES)
    assert {run.info.status for run in runs} == {"FINISHED"}
    challenger = tracking.get_alias("exectune-guide", "challenger")
    assert challenger is not None
    assert challenger.tags["git_commit"]
