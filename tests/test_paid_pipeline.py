"""All stages with core, teacher and judge on Bedrock, by other values in params.yaml alone; the guide is trained here.

Bedrock is the loopback server with the tiny model of `tests.test_pipeline` behind it, and a fault in one of ten
requests. The teacher plans every problem as "Multiply 3 by 8.", so one task in four is never accepted.
"""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from ruamel.yaml import YAML

from exectune.cores.base import Sampling
from exectune.cores.local import LocalModel
from exectune.guides.teacher_prompt import PREFIX
from exectune.judge import FAITHFUL, RUBRIC
from tests.loopback.faults import some
from tests.loopback.server import AnswerBatch, Loopback, Written
from tests.test_pipeline import ARMS, SIZES, STAGES, dvc, make_clone, make_model, ran

HAIKU = "bedrock/anthropic.claude-haiku-4-5-20251001-v1:0"


def written_by(model: Path) -> AnswerBatch:
    """The tiny model as a server's: as teacher it is asked for a plan in the words that it knows."""
    from exectune import weights

    network = LocalModel(weights.load(str(model), "float32"), batch_size=64)

    def answer(asked: list[tuple[str, str]]) -> list[Written]:
        return [_written(network, system, prompt) for system, prompt in asked]

    return answer


def _written(network: LocalModel, system: str, prompt: str) -> Written:
    if system in (RUBRIC, FAITHFUL):
        return Written("Points: 7" if system == RUBRIC else "Faithful: yes", 50, 5)
    teacher = system.startswith(PREFIX.partition("{")[0])
    plain = prompt.splitlines()[0] + "\n" if teacher else system + prompt
    (reply,) = network.generate([plain], Sampling(60, stop="" if teacher else "\n"))
    return Written(reply.text, reply.tokens_in, reply.tokens_out)


def on_bedrock(url: str) -> Callable[[Path], None]:
    """What a user changes in params.yaml."""

    def change(path: Path) -> None:
        yaml = YAML()
        params = yaml.load(path)
        params["models"]["core"] = HAIKU
        params["teacher"] |= {"name": HAIKU, "candidates": 2}
        params["judge"] |= {"name": HAIKU, "weight": 0.1, "faithful": True}
        params["evaluate"]["prompted"] = HAIKU
        params["prices"] |= {"core": None, "teacher": None}
        params["endpoints"]["bedrock"]["url"] = url
        params["calls"]["concurrency"] = 16
        params["budgets"]["run_usd"] = 1.0
        yaml.dump(params, path)

    return change


@pytest.mark.timeout(900)
def test_all_stages_run_with_core_and_teacher_on_bedrock(tmp_path: Path) -> None:
    clone, model = tmp_path / "clone", tmp_path / "model"
    clone.mkdir()
    make_model(model)
    with Loopback(answer_batch=written_by(model), faults=some(0.1), slow_s=0.2) as server:
        make_clone(clone, model)
        on_bedrock(server.url)(clone / "params.yaml")
        assert ran(dvc(clone, "repro")) == list(STAGES)
        billed = [record for record in server.requests if record.billed]
        asked = len(server.requests)
    accepted = pl.read_parquet(clone / "artifacts/accept/accepted.parquet")
    assert accepted["task_id"].n_unique() == SIZES["train"] * 3 // 4
    assert accepted["wordings"].explode().unique().to_list() == ["multiply/multiply"]
    outcomes = pl.read_parquet(clone / "artifacts/evaluate/outcomes.parquet")
    assert outcomes["arm"].unique(maintain_order=True).to_list() == [*ARMS, "prompted"]
    assert outcomes["error"].is_null().all(), "no fault became an outcome"
    for arm in ("sft", "prompted"):
        assert outcomes.filter(pl.col("arm") == arm)["correct"].mean() == 0.75
    faithful = json.loads((clone / "metrics/evaluate.json").read_text(encoding="utf-8"))["faithful"]
    assert faithful["sft"]["test"]["value"] == 1.0
    assert "core" not in faithful, "it has no strategy"
    connection = sqlite3.connect(clone / ".exectune/ledger.sqlite")
    charged = connection.execute(
        "SELECT count(*), min(usd) FROM calls WHERE paid AND NOT cached AND status = 'settled'"
    ).fetchone()
    attempts = connection.execute("SELECT count(*), sum(result = 'ok') FROM attempts").fetchone()
    runs = connection.execute("SELECT count(*) FROM spent WHERE scope LIKE 'run %'").fetchone()
    connection.close()
    assert runs == (1,), "one budget for all stages of a `dvc repro`"
    assert charged[1] > 0
    assert attempts == (asked, charged[0])
    assert charged[0] <= len(billed), "what was billed besides never arrived whole"
