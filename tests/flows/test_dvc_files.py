import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flows import dvc_files
from flows.workspace import locked

STAGE = "stages:\n  hello: {cmd: 'echo hello >> ran.txt && echo hello > out.txt', deps: [data], outs: [out.txt]}\n"


def dvc(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dvc", *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Imported data and one stage, both up to date."""
    monkeypatch.chdir(tmp_path)
    Path("source").mkdir()
    Path("source/tasks.jsonl").write_text("{}\n", encoding="utf-8")
    Path("dvc.yaml").write_text(STAGE, encoding="utf-8")
    for words in ("init --no-scm", "import-url source data", "unfreeze data.dvc", "repro"):
        assert dvc(*words.split()).returncode == 0
    return tmp_path


def reproduced() -> bool:
    """As a flow does it, a target at a time."""
    return all(dvc("repro", "--single-item", target).returncode == 0 for target in ("data.dvc", "hello"))


def emptied(text: str) -> str:
    return ""


def cut_in_a_name(text: str) -> str:
    return text[: text.index("path:") + len("path:")]


def cut_in_a_word(text: str) -> str:
    return text[:-1]


@pytest.mark.parametrize(
    ("name", "cut"),
    [
        ("dvc.lock", emptied),
        ("dvc.lock", cut_in_a_name),
        ("data.dvc", emptied),
        (".dvc/tmp/rwlock", emptied),
        (".dvc/tmp/rwlock", cut_in_a_word),
    ],
)
def test_what_a_killed_dvc_left_half_written_is_put_right(
    repository: Path, name: str, cut: Callable[[str], str]
) -> None:
    said: list[str] = []
    dvc_files.mend(said.append)
    assert said == []
    path, data = repository / name, Path("data.dvc").read_bytes()
    path.write_text(cut(path.read_text(encoding="utf-8")), encoding="utf-8")
    shutil.rmtree("data")
    assert not reproduced()
    dvc_files.mend(said.append)
    assert said == [f"{name} was half-written, by a dvc that was killed: it is put right"]
    assert reproduced()
    assert Path("data.dvc").read_bytes() == data
    assert Path("ran.txt").read_text(encoding="utf-8") == "hello\n"


def test_a_first_lock_that_was_cut_costs_no_stage_a_second_run(repository: Path) -> None:
    Path("dvc.lock").write_text("", encoding="utf-8")
    dvc_files.mend(print)
    assert reproduced()
    assert Path("ran.txt").read_text(encoding="utf-8") == "hello\n"
    assert Path("out.txt").is_file()


def test_nothing_is_touched_while_a_dvc_is_at_work(repository: Path) -> None:
    Path("dvc.lock").write_text("", encoding="utf-8")
    with locked(dvc_files.DVC_AT_WORK, "another"):
        dvc_files.mend(print)
    assert Path("dvc.lock").read_text(encoding="utf-8") == ""
