import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from prefect.logging import disable_run_logger

from flows import retrain
from tests.flows.waiting import is_running, wait_for

ROOT = Path(__file__).parents[2]
CELL = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 100}
METRICS = {
    "arms": {
        "rl": {
            split: {"accuracy": CELL, "executability": CELL, "usd": CELL | {"value": 0.00012}}
            for split in ("test", "held_out")
        }
    },
    "pairs": [
        {
            "arm": "rl",
            "baseline": "sft",
            "split": "test",
            "metric": "accuracy",
            "effect": 0.07,
            "low": 0.01,
            "high": 0.13,
            "p": 0.01,
            "p_holm": 0.02,
            "n": 200,
            "wins": 20,
            "losses": 6,
        }
    ],
}
HELLO = """
import json, os, pathlib
print("hello from", os.environ["EXECTUNE_PARENT_RUN_ID"])
pathlib.Path("seen").mkdir(exist_ok=True)
pathlib.Path("seen/out.txt").write_text("done")
"""


@pytest.fixture(scope="session")
def made_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DVC repository without git: the stages `hello` and `evaluate`, and an imported data folder."""
    folder = tmp_path_factory.mktemp("repository")
    (folder / "source").mkdir()
    (folder / "source" / "tasks.jsonl").write_text("{}\n", encoding="utf-8")
    (folder / "hello.py").write_text(HELLO, encoding="utf-8")
    (folder / "evaluated.json").write_text(json.dumps(METRICS), encoding="utf-8")
    (folder / "evaluate.py").write_text(
        "import pathlib, shutil\npathlib.Path('metrics').mkdir(exist_ok=True)\n"
        "shutil.copy('evaluated.json', 'metrics/evaluate.json')\n",
        encoding="utf-8",
    )
    (folder / "dvc.yaml").write_text(
        "stages:\n"
        "  hello: {cmd: python hello.py, deps: [data, hello.py], outs: [seen]}\n"
        "  evaluate: {cmd: python evaluate.py, deps: [seen, evaluated.json], outs: [metrics/evaluate.json]}\n",
        encoding="utf-8",
    )
    for arguments in ("init --no-scm", "import-url --no-download source data", "unfreeze data.dvc"):
        command = [sys.executable, "-m", "dvc", *arguments.split()]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def repository(made_repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh copy, as the current folder; all copies log to one database, which takes seconds to make."""
    shutil.copytree(
        made_repository, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("mlflow.db*")
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{made_repository}/mlflow.db")
    monkeypatch.setattr(retrain, "STAGES", ("hello", "evaluate"))
    return tmp_path


def test_the_flow_runs_data_and_stages_and_prints_the_table(
    repository: Path,
    prefect_server: None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    assert retrain.main([]) == 0
    printed = capsys.readouterr().out
    assert (repository / "seen" / "out.txt").read_text(encoding="utf-8") == "done"
    assert (repository / "data" / "tasks.jsonl").is_file()
    cells = ("held-out", "rl", r"50\.0%", r"40\.0% to 60\.0%", r"50\.0%", r"0\.120", "100")
    assert re.search(r"\s*│\s*".join(cells), printed)
    assert "rl against sft, test: +7.0 points (+1.0 to +13.0), p = 0.02, n = 200" in printed
    assert str(repository / "artifacts/evaluate/report.html") in printed


def test_a_failed_stage_ends_the_flow_with_its_own_last_words(
    repository: Path, prefect_server: None, capfd: pytest.CaptureFixture[str]
) -> None:
    (repository / "hello.py").write_text("import sys\nsys.exit('the data folder is bad')\n", encoding="utf-8")
    assert retrain.main([]) == 1
    printed = capfd.readouterr()
    assert "hello failed" in printed.out
    assert "the data folder is bad" in printed.out.split("hello failed")[1]
    assert "Traceback" not in printed.out + printed.err
    assert not (repository / "metrics").exists()


def test_a_stage_runs_with_this_python_and_knows_the_parent_run(repository: Path) -> None:
    (repository / "hello.py").write_text(
        "import os, pathlib, sys\npathlib.Path('seen').mkdir()\n"
        "pathlib.Path('seen/out.txt').write_text(sys.prefix + ' ' + os.environ['EXECTUNE_PARENT_RUN_ID'])\n",
        encoding="utf-8",
    )
    with disable_run_logger():
        retrain.reproduce.fn("data.dvc", "r1")
        retrain.reproduce.fn("hello", "r1")
    assert (repository / "seen" / "out.txt").read_text(encoding="utf-8") == f"{sys.prefix} r1"


def test_a_failure_carries_the_stages_output(repository: Path) -> None:
    (repository / "hello.py").write_text("raise SystemExit('no such model')\n", encoding="utf-8")
    with disable_run_logger():
        retrain.reproduce.fn("data.dvc", "r1")
        with pytest.raises(retrain.StageFailed, match=r"hello failed \(exit code") as caught:
            retrain.reproduce.fn("hello", "r1")
    assert "no such model" in caught.value.lines


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux ends a child with its parent")
def test_dvc_ends_when_the_flow_is_killed(repository: Path) -> None:
    (repository / "dvc.yaml").write_text("stages:\n  hello: {cmd: python hello.py}\n", encoding="utf-8")
    (repository / "hello.py").write_text(
        "import os, pathlib, time\npathlib.Path('pid').write_text(str(os.getppid()))\ntime.sleep(20)\n",
        encoding="utf-8",
    )
    program = (
        "from prefect.logging import disable_run_logger\nfrom flows import retrain\n"
        "with disable_run_logger():\n    retrain.reproduce.fn('hello', 'r1')\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    flow = subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.DEVNULL)
    written = repository / "pid"
    pid = int(wait_for(lambda: written.exists() and written.read_text(encoding="utf-8")))
    flow.send_signal(signal.SIGKILL)
    flow.wait()
    assert wait_for(lambda: not is_running(pid))


def test_ctrl_c_stops_at_once_with_all_it_started(repository: Path) -> None:
    (repository / "dvc.yaml").write_text("stages:\n  hello: {cmd: python hello.py}\n", encoding="utf-8")
    (repository / "hello.py").write_text(
        "import os, pathlib, time\npathlib.Path('pid').write_text(str(os.getppid()))\ntime.sleep(20)\n",
        encoding="utf-8",
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    program = (
        "import sys\nfrom prefect.logging import disable_run_logger\nfrom flows import retrain\n"
        "retrain.retrain = lambda retries: retrain.reproduce.fn('hello', 'r1')\n"
        "with disable_run_logger():\n    sys.exit(retrain.main([]))\n"
    )
    flow = subprocess.Popen(
        [sys.executable, "-c", program],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    written = repository / "pid"
    pid = int(wait_for(lambda: written.exists() and written.read_text(encoding="utf-8")))
    os.killpg(flow.pid, signal.SIGINT)
    printed, _ = flow.communicate(timeout=10)
    assert flow.returncode == 130
    assert "the same command goes on from here" in printed
    assert wait_for(lambda: not is_running(pid))


def test_only_the_claimed_comparisons_are_printed() -> None:
    pair: dict[str, Any] = METRICS["pairs"][0]  # type: ignore[index]
    others = [pair | {"metric": "usd"}, pair | {"arm": "gold"}]
    assert retrain.comparison_lines({"pairs": [pair, *others]}) == retrain.comparison_lines(METRICS)
