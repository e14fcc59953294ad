"""The page from a small evaluation: what it holds, what it escapes, and that it loads nothing."""

import random
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from exectune.breakeven import break_even
from exectune.executability import decomposition, metrics, pairs
from exectune.outcome import SCHEMA
from exectune.report import markdown_table, plain_rows, write_report

ATTACK = "<script>alert('core')</script>"
ARMS = ("core", "untrained", "sft_all", "sft", "rl", "gold")
SKILL = {"core": 0.1, "untrained": 0.2, "sft_all": 0.5, "sft": 0.6, "rl": 0.9, "gold": 1.0}


def outcome(arm: str, split: str, task: int, source: random.Random) -> dict[str, Any]:
    right, valid = source.random() < SKILL[arm], arm != "untrained" or source.random() < 0.5
    return {
        "run_id": "r", "arm": arm, "seed": 0, "task_id": f"{split}-{task:04d}", "split": split,
        "family": f"{split}_family_{task % 3}", "domain": "maths", "guide": "" if arm == "core" else "small-guide",
        "core": "small-core", "protocol": "program-1", "question": f"Has Ana {task} < 9 pens & more?",
        "strategy": "" if arm == "core" else "<strategy>\n1. Combine 3 with 5.\n</strategy>" if valid else ATTACK,
        "valid": valid, "reason": "" if valid else "missing_block", "executed": valid and right, "in_budget": True,
        "correct": valid and right, "leak": False, "answer": "8" if right else "", "gold": "8",
        "replies": ["3 + 5" if right else ATTACK] if valid else [], "failed_step": None if right else 1,
        "guide_tokens_in": 10, "guide_tokens_out": 5, "core_tokens_in": 20, "core_tokens_out": task % 4,
        "usd": 0.0001 * (1 + task % 4), "latency_s": 0.5, "cached": False, "error": None,
    }  # fmt: skip


@pytest.fixture(scope="module")
def outcomes() -> pl.DataFrame:
    source = random.Random(0)
    splits = (("test", 12), ("held_out", 8))
    rows = [outcome(arm, split, task, source) for arm in ARMS for split, n in splits for task in range(n)]
    return pl.DataFrame(rows, schema=SCHEMA)


@pytest.fixture(scope="module")
def ledger_totals() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "stage": ["accept", "rl"], "role": ["core", "guide"], "model": ["small-core", "small-guide"],
            "calls": [1200, 80], "cached": [3, 0], "tokens_in": [5000, 900], "tokens_out": [70, 80],
            "usd": [0.25, 0.01], "latency_s": [4.0, 2.0], "unknown_usd": [0.0, 0.001],
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def evaluation(outcomes: pl.DataFrame, ledger_totals: pl.DataFrame) -> dict[str, Any]:
    arms = metrics(outcomes, resamples=200, seed=0)
    return {
        "arms": arms,
        "pairs": pairs(outcomes, resamples=200, seed=0),
        "decomposition": decomposition(outcomes),
        "break_even": break_even(arms, ledger_totals),
    }


def candidates(accepted: bool) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "round": [0, 0, 1], "accepted": [accepted] * 3, "reason": ["" if accepted else "operand_missing"] * 3,
            "strategy": ["<strategy>\n1. Combine 3 with 5.\n</strategy>"] * 3, "wordings": [["add/combine"]] * 3,
            "replies": [["3 + 5" if accepted else "3 * 5"]] * 3,
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def page(
    outcomes: pl.DataFrame,
    evaluation: dict[str, Any],
    ledger_totals: pl.DataFrame,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    path = tmp_path_factory.mktemp("report") / "report" / "index.html"
    write_report(
        path,
        outcomes=outcomes,
        baseline=outcomes.filter(pl.col("arm") == "core"),
        accepted=candidates(True),
        rejected=candidates(False),
        evaluation=evaluation,
        ledger_totals=ledger_totals,
        rl_steps=pl.DataFrame(
            {"step": [1, 2], "reward": [0.5, 0.7], "correct": [0.5, 0.6], "executed": [0.6, 0.7]}
        ),
        sft_steps=pl.DataFrame({"step": [1, 2, 3], "loss": [2.0, 1.0, 0.5]}),
        params_text="seed: 0\ncore: https://user:hunter2@example.com/v1\n",
        tags={"git commit": "0f3c9a1", "data hash": "d41d8cd9"},
    )
    assert [file.name for file in path.parent.iterdir()] == ["index.html"]
    return path.read_text(encoding="utf-8")


def test_text_from_models_and_data_is_escaped(page: str) -> None:
    assert "<script" not in page
    assert "&lt;script&gt;alert(" in page
    assert "&lt; 9 pens &amp; more?" in page


def test_the_page_loads_nothing(page: str) -> None:
    assert not re.findall(r"<(?:script|link|img|iframe|object|embed|base|use|image)\b", page)
    assert not re.findall(r"(?:src|href|action)=|@import|url\((?!#)", page)


def test_no_credentials_of_an_address_reach_the_page(page: str) -> None:
    assert "hunter2" not in page


def test_ids_of_the_charts_do_not_clash(page: str) -> None:
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert page.count("<svg") == 6


def test_the_page_has_every_part(page: str) -> None:
    headings = re.findall(r"<h2>(.*?)</h2>", page)
    assert headings == [
        "Results", "Accuracy against cost", "Executability through the stages", "Where the tasks end",
        "Which wordings this core carries out", "Training", "Why strategies failed", "Examples",
        "Accuracy by family: rl", "The bill", "How it was measured",
    ]  # fmt: skip


def test_a_difference_that_is_not_established_is_said_to_be_none(
    page: str, evaluation: dict[str, Any]
) -> None:
    pair = next(
        p for p in evaluation["pairs"]
        if (p["arm"], p["baseline"], p["split"], p["metric"]) == ("rl", "sft", "held_out", "accuracy")
    )  # fmt: skip
    assert pair["p_holm"] > 0.05
    sentence = next(text for text in re.findall(r"On held-out rl against sft: .*?\.(?=\s|<)", page))
    assert "a difference that this many tasks do not establish" in sentence
    assert f"n = {pair['n']} pairs" in sentence


def test_shadow_prices_are_named(page: str) -> None:
    assert "Shadow prices: local models, not charged." in page


def test_examples_follow_their_rule(page: str, outcomes: pl.DataFrame) -> None:
    answers = {
        arm: outcomes.filter((pl.col("arm") == arm) & (pl.col("split") == "test")) for arm in ("sft", "rl")
    }
    both = answers["rl"].join(answers["sft"], on="task_id", suffix="_sft").sort("task_id")
    first = both.filter(pl.col("correct") & ~pl.col("correct_sft"))["task_id"][0]
    found = re.search(r"sft was wrong, rl is right</strong> <span class=\"note\">· (\S+)", page)
    assert found is not None
    assert found.group(1) == first


def test_a_pipeline_without_training_still_has_a_page(
    outcomes: pl.DataFrame, ledger_totals: pl.DataFrame, tmp_path: Path
) -> None:
    alone = outcomes.filter(pl.col("arm") == "core")
    arms = metrics(alone, resamples=200, seed=0)
    write_report(
        tmp_path / "index.html",
        outcomes=alone,
        baseline=alone,
        accepted=candidates(True).clear(),
        rejected=candidates(False).clear(),
        evaluation={"arms": arms, "pairs": [], "decomposition": decomposition(alone), "break_even": {}},
        ledger_totals=ledger_totals.clear(),
        rl_steps=pl.DataFrame(schema={"step": pl.Int64, "reward": pl.Float64}),
        sft_steps=pl.DataFrame(schema={"step": pl.Int64, "loss": pl.Float64}),
        params_text="",
        tags={},
    )
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "No RL steps were logged." in text
    assert "No task fits." in text


def test_the_table_has_a_row_an_arm_and_split(evaluation: dict[str, Any]) -> None:
    header, *rows = plain_rows(evaluation)
    assert [row[:2] for row in rows] == [[split, arm] for split in ("test", "held-out") for arm in ARMS]
    assert {len(row) for row in rows} == {len(header)}
    assert rows[0][4] == "–"  # the core alone has no strategy to execute


def test_the_markdown_table_is_one(evaluation: dict[str, Any]) -> None:
    lines = markdown_table(evaluation).splitlines()
    assert len(lines) == 2 + 12
    assert {line.count("|") for line in lines} == {lines[0].count("|")}
    assert lines[1].startswith("| --- | --- | ---: |")
