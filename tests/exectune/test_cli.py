import os
import re
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from exectune import cli, ledger_place, night, process
from exectune.cores.base import Reply, Sampling
from exectune.ledger import Ledger
from exectune.prices import Price
from tests.running import printed
from tests.scripted import core

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    (tmp_path / "params.yaml").write_text(
        (ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    return tmp_path


def exectune(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a user runs it, in the current folder."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", "from exectune.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_help_is_there_at_once_and_imports_nothing_heavy() -> None:
    took = []
    for _ in range(3):
        began = time.perf_counter()
        assert exectune("--help").returncode == 0
        took.append(time.perf_counter() - began)
    heavy = "import sys, exectune.cli; print([m for m in ('torch', 'polars', 'mlflow') if m in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", heavy], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert found.stdout.strip() == "[]"
    assert min(took) < 1.0  # 0.3 s on a quiet machine


def test_check_accepts_the_settings_of_the_project(folder: Path) -> None:
    done = exectune("check")
    assert (done.returncode, done.stdout) == (0, "params.yaml: OK\n")


def test_a_users_mistake_is_one_message_and_exit_code_1(folder: Path) -> None:
    text = (folder / "params.yaml").read_text(encoding="utf-8")
    (folder / "params.yaml").write_text(text.replace("group_size", "groupsize"), encoding="utf-8")
    done = exectune("check")
    assert done.returncode == 1
    assert "did you mean `group_size`?" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [["ledger"], ["report"], ["pool", "gone.parquet"]])
def test_a_missing_file_is_named(folder: Path, command: list[str]) -> None:
    done = exectune(*command)
    assert done.returncode == 1
    assert "is missing" in done.stderr
    assert "Traceback" not in done.stderr


def test_ledger_shows_who_spent_what_and_writes_it_as_csv(folder: Path) -> None:
    prices = {"core": Price(1.0, 5.0)}
    with Ledger.open(ledger_place.FILE, stage="accept", run_id="r", prices=prices) as ledger:
        ledger.record(role="core", model="tiny", replies=[Reply("8 * 3", 1_000_000, 100_000, 0.5)])
    done = CliRunner().invoke(cli.app, ["ledger", "--csv", "spent.csv"])
    assert done.exit_code == 0, done.output
    assert re.search(r"accept\s+core\s+tiny\s+1\s", done.output)
    assert "total: 1.500000 USD" in done.output
    assert pl.read_csv("spent.csv")["usd"].to_list() == [1.5]


def test_ledger_can_be_grouped_by_day_and_written_as_parquet(folder: Path) -> None:
    with Ledger.open(
        ledger_place.FILE, stage="accept", run_id="r", prices={"core": Price(1.0, 5.0)}
    ) as ledger:
        ledger.record(role="core", model="tiny", replies=[Reply("8 * 3", 1_000_000, 100_000, 0.5)])
    arguments = ["ledger", "--by", "day", "--by", "model", "--parquet", "spent.parquet"]
    done = CliRunner().invoke(cli.app, arguments)
    assert done.exit_code == 0, done.output
    (row,) = pl.read_parquet("spent.parquet").to_dicts()
    assert (row["day"].isoformat(), row["model"]) == (time.strftime("%Y-%m-%d", time.gmtime()), "tiny")
    assert row["usd"] == 1.5


def test_estimate_prints_a_bill_for_a_profile(folder: Path) -> None:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "OPENAI_"))
    }
    command = [sys.executable, "-c", "from exectune.cli import main; main()", "estimate"]
    profile = ["-p", str(ROOT / "profiles" / "paper.yaml"), "--train", "7473", "--test", "1319"]
    environment |= {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([*command, *profile], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(r"teacher\s+teacher\s+7,473", done.stdout)
    assert re.search(r"total: \d+\.\d\d USD, between \d+\.\d\d and \d+\.\d\d", done.stdout)
    assert "core: bedrock/us.anthropic.claude-haiku-4-5" in done.stdout
    assert "nothing to pay" in exectune("estimate").stdout


def test_use_writes_a_profile_into_params(folder: Path) -> None:
    done = exectune("use", str(ROOT / "profiles" / "bedrock-small.yaml"))
    assert done.returncode == 0, done.stderr
    assert "models.core: bedrock/us.amazon.nova-lite-v1:0" in done.stdout
    assert "teacher: bedrock/us.anthropic.claude-haiku-4-5" in exectune("estimate").stdout


def test_report_prints_its_path(folder: Path) -> None:
    cli.REPORT.parent.mkdir(parents=True)
    cli.REPORT.write_text("<html>", encoding="utf-8")
    assert exectune("report").stdout.strip() == str((folder / cli.REPORT).resolve())


def test_what_import_says_is_next_puts_the_tasks_in_the_place_of_those_that_are_there(folder: Path) -> None:
    def run(command: str) -> None:
        printed(folder, "sh", "-c", command, environment=os.environ | {"PATH": process.path()})

    Path("others").mkdir()
    Path("others/train.jsonl").touch()
    run("git init -q . && dvc init -q && dvc import-url -q others data && dvc unfreeze data.dvc")
    Path(".gitignore").write_text("/data\n", encoding="utf-8")
    row = {
        "question": "Ana has 3 boxes of 8 pens. How many pens has she?",
        "answer": "24",
        "steps": ["3 * 8"],
    }
    pl.DataFrame([row | {"question": f"{place}. {row['question']}"} for place in range(9)]).write_ndjson(
        "own.jsonl"
    )
    done = exectune("import", "jsonl", "own.jsonl", "--out", "tasks")
    assert done.returncode == 0, done.stderr
    following = done.stdout.splitlines()[-1].removeprefix("next: ")
    run(following.removesuffix(" && dvc repro"))
    for file in Path("tasks").iterdir():
        assert (Path("data") / file.name).read_bytes() == file.read_bytes()
    assert not Path("data/tasks").exists()


def test_pool_puts_the_seeds_together(folder: Path) -> None:
    for seed in (0, 1):
        rows = [
            {
                "arm": arm,
                "seed": seed,
                "split": "test",
                "task_id": f"t{task}",
                "correct": arm == "rl" or task < 4,
            }
            for arm in ("sft", "rl")
            for task in range(10)
        ]
        pl.DataFrame(rows).write_parquet(f"{seed}.parquet")
    done = CliRunner().invoke(cli.app, ["pool", "0.parquet", "1.parquet"])
    assert done.exit_code == 0, done.output
    assert re.search(r"test\s+rl\s+2\s+20\s+1\b", done.output)
    said = r"rl against sft, test: \+60\.0 points \(.*\), wins 12, losses 0, p = 0\.00049, n = 20"
    assert re.search(said, done.output)


def test_pool_refuses_one_seed_twice(folder: Path) -> None:
    row = {"arm": "rl", "seed": 3, "split": "test", "task_id": "t", "correct": True}
    pl.DataFrame([row]).write_parquet("a.parquet")
    done = exectune("pool", "a.parquet", "a.parquet")
    assert done.returncode == 1
    assert "seed 3 is in two of the files" in done.stderr


def test_forget_says_how_many_replies_and_how_to_go_on(folder: Path) -> None:
    (folder / ".exectune").mkdir()
    with Ledger.open(
        folder / ledger_place.FILE, stage="s", run_id="r", prices={"core": Price(1.0, 5.0)}
    ) as book:
        book.complete(core(), ["a", "b"], Sampling(16), role="core")
    done = exectune("forget", "scripted core")
    assert done.stdout.startswith("2 replies of scripted core are answers no more")
    assert "next: dvc repro --force --single-item baseline accept" in done.stdout
    other = exectune("forget", "gpt")
    assert (other.returncode, other.stderr) == (1, "the ledger has no calls of 'gpt'; of: scripted core\n")


@pytest.mark.parametrize(
    ("since", "code", "last"), [(None, 0, "no alarm"), (2, 3, "ALARM since night 2: gpt does")]
)
def test_the_canarys_exit_code_is_its_verdict(
    folder: Path, monkeypatch: pytest.MonkeyPatch, since: int | None, code: int, last: str
) -> None:
    figures = (night.Figure("executability", 0.1, 0.0, 0.2, 0.95, 1e6, True),)
    made = night.Night("exectune-guide", 1, "gpt", 2, 80, 1, figures, 300, since, 3.0, 1.0, 0.01, [])
    monkeypatch.setattr(night, "run", lambda *_: made)
    done = CliRunner().invoke(cli.app, ["canary"])
    assert done.exit_code == code
    assert last in done.output.splitlines()[-1]
    assert (
        "executability      10.0%, at promotion     95.0%; evidence of a change 1e+06, alarm at 300"
        in done.output
    )
    assert done.output.count("slow") == 1
