import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.sorting import ArtifactSort
from prefect.logging import disable_run_logger

from exectune import process
from flows import retrain
from flows.commands import CommandFailed
from flows.workspace import LOCK, locked
from tests.flows.metrics import METRICS
from tests.flows.waiting import is_running, wait_for

ROOT = Path(__file__).parents[2]
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
        with pytest.raises(CommandFailed, match=r"hello failed \(exit code \d+\): no such model") as caught:
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
        "retrain.server.run = lambda flow, retries: retrain.reproduce.fn('hello', 'r1')\n"
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
    pid = int(wait_for(lambda: written.exists() and written.read_text(encoding="utf-8"), 120))
    os.killpg(flow.pid, signal.SIGINT)
    printed, _ = flow.communicate(timeout=10)
    assert flow.returncode == 130
    assert "the same command goes on from here" in printed
    assert wait_for(lambda: not is_running(pid))


def test_what_a_killed_dvc_left_half_written_stops_no_stage(repository: Path) -> None:
    (repository / "dvc.lock").write_text("", encoding="utf-8")
    with disable_run_logger():
        retrain.reproduce.fn("data.dvc", "")
        retrain.reproduce.fn("hello", "r1")
    assert "hello" in (repository / "dvc.lock").read_text(encoding="utf-8")


def test_beside_a_dvc_repro_the_flow_says_who_is_at_work(repository: Path) -> None:
    (repository / "dvc.yaml").write_text(
        "stages:\n  hello: {cmd: python hello.py, outs: [seen]}\n", encoding="utf-8"
    )
    (repository / "hello.py").write_text(
        "import time\nprint('at work', flush=True)\ntime.sleep(60)\n", encoding="utf-8"
    )
    environment = os.environ | {"PATH": process.path()}
    repro = subprocess.Popen(
        [sys.executable, "-m", "dvc", "repro"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert repro.stdout is not None
    wait_for(lambda: "at work" in (repro.stdout.readline() if repro.stdout else ""))
    try:
        with disable_run_logger(), pytest.raises(CommandFailed, match=rf"is busy.*PID {repro.pid}\)"):
            retrain.reproduce.fn("hello", "r1")
    finally:
        os.killpg(repro.pid, signal.SIGKILL)
        repro.communicate()


def test_a_second_flow_in_the_folder_is_refused(
    repository: Path, prefect_server: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with locked(LOCK, "canary"):
        assert retrain.main([]) == 1
    printed = capsys.readouterr().out
    assert f"canary (process {os.getpid()}) is at work in" in " ".join(printed.split())
    assert not (repository / "seen").exists()


@pytest.mark.parametrize(("stage", "retries"), [("prepare", 0), ("sft", 0), ("accept", 3), ("data", 3)])
def test_only_stages_that_use_the_network_are_tried_again(stage: str, retries: int) -> None:
    assert retrain._named(stage, 3).retries == retries


@pytest.mark.parametrize(
    ("words", "again"), [("budget reached: of budgets.day_usd = 1 USD", 1), ("timed out", 3)]
)
def test_a_reached_budget_is_not_tried_again(
    repository: Path, prefect_server: None, monkeypatch: pytest.MonkeyPatch, words: str, again: int
) -> None:
    (repository / "hello.py").write_text(
        f"import sys\nopen('tries', 'a').write('x')\nsys.exit('hello: {words}')\n", encoding="utf-8"
    )
    monkeypatch.setattr(retrain, "RETRY_DELAY_S", 0)
    with pytest.raises(CommandFailed):
        retrain.retrain(retries=2)
    assert (repository / "tries").read_text(encoding="utf-8") == "x" * again


def test_artifacts_of_a_run_are_table_bill_and_links(repository: Path, prefect_server: None) -> None:
    retrain.retrain(reason="the core has changed")
    with get_client(sync_client=True) as client:
        keys = {artifact.key for artifact in client.read_artifacts(sort=ArtifactSort.CREATED_DESC, limit=3)}
    assert keys == {"result", "bill", "mlflow-run"}
