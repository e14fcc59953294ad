import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from exectune import taskfile
from exectune.errors import DataError
from exectune.tables import sources
from tests.loopback.hub import Hub

ROOT = Path(__file__).parents[2]


def test_every_kind_of_file_gives_its_rows_with_their_places(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"x": 1}\n\n{"x": 2}\n')
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(b'{"x": 3}\n'))
    (tmp_path / "c.csv").write_text('x,y\n4,"two\nlines"\n5,\n')
    pl.DataFrame({"x": [6]}).write_parquet(tmp_path / "d.parquet")
    found = {source.name: list(source.rows()) for source in sources([str(tmp_path)])}
    assert found == {
        "a": [(1, b'{"x": 1}'), (3, b'{"x": 2}')],
        "b": [(1, b'{"x": 3}')],
        "c": [(3, {"x": "4", "y": "two\nlines"}), (4, {"x": "5", "y": ""})],
        "d": [(1, {"x": 6})],
    }


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.parquet", b"no", "cannot be read as parquet"),
        ("a.csv", b"x\n\xff\n", "cannot be read as CSV"),
        ("a.jsonl.gz", b"no", "cannot be read"),
        ("a.txt", b"no", "of no known kind"),
    ],
)
def test_a_broken_file_is_named(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f"{name} .*{message}|{message}.*"):
        [list(source.rows()) for source in sources([str(tmp_path / name)])]


def test_a_line_without_end_is_passed_over_and_the_next_one_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taskfile, "MAX_LINE_BYTES", 100)
    (tmp_path / "a.jsonl").write_bytes(b'{"x": 1}\n"' + b"x" * 10_000 + b'"\n{"x": 2}\n')
    [source] = sources([str(tmp_path / "a.jsonl")])
    lines = list(source.rows())
    assert [(number, len(line)) for number, line in lines] == [(1, 8), (2, 101), (3, 8)]
    long = lines[1][1]
    assert isinstance(long, bytes)
    with pytest.raises(taskfile.BadRow, match="longer than 100 bytes"):
        taskfile.object_of(long)


def test_a_name_of_the_hub_without_a_network_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    code = "from exectune.tables import sources\nsources(['nobody-at-all/nothing:main'])"
    environment = {"HF_HUB_OFFLINE": "1", "HOME": str(tmp_path), "PATH": "/usr/bin"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("exectune.errors.DataError: nobody-at-all/nothing cannot be had from the hub: ")
    assert last.endswith("without a network, fetch its files elsewhere and name these")


CONFIGS = {"main": ("Ana", "Ben"), "other": ("Eve", "Bob")}  # who is in train, and who in test


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub with one dataset in the form of GSM8K: two configurations, each with two splits in parquet."""
    folder = tmp_path_factory.mktemp("dataset")
    lines = ["---", "configs:"]
    for config, names in CONFIGS.items():
        (folder / config).mkdir()
        lines += [f"- config_name: {config}", "  data_files:"]
        for split, name in zip(("train", "test"), names, strict=True):
            lines += [f"  - split: {split}", f"    path: {config}/{split}-*"]
            rows = [
                {
                    "question": f"{name} has {boxes} boxes of 4 pens. How many pens is that?",
                    "answer": f"{boxes} * 4 = <<{boxes}*4={4 * boxes}>>{4 * boxes}\n#### {4 * boxes}",
                }
                for boxes in range(2, 50)
            ]
            pl.DataFrame(rows).write_parquet(folder / config / f"{split}-00000-of-00001.parquet")
    (folder / "README.md").write_text("\n".join([*lines, "---", ""]))
    with Hub({"owner/name": folder}) as running:
        yield running


def imported(name: str, hub: Hub, folder: Path) -> subprocess.CompletedProcess[str]:
    """`exectune import` of a dataset, with a cache of its own."""
    environment = os.environ | {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(folder / "cache"),
        "PYTHONPATH": str(ROOT),
    }
    environment.pop("HF_HUB_OFFLINE", None)
    command = "from exectune.cli import main; main()"
    sizes = ["--out", str(folder / "tasks"), "--train", "30", "--test", "20"]
    return subprocess.run(
        [sys.executable, "-c", command, "import", "gsm8k", name, *sizes],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("config", CONFIGS)
def test_a_dataset_of_the_hub_is_imported_with_its_splits(config: str, hub: Hub, tmp_path: Path) -> None:
    done = imported(f"owner/name:{config}", hub, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "96 rows read, 43 good ones not drawn" in done.stdout
    for split, size, name in zip(("train", "test"), (30, 20), CONFIGS[config], strict=True):
        text = (tmp_path / "tasks" / f"{split}.jsonl").read_text()
        assert (text.count("\n"), text.count(name)) == (size, size)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("owner/name", "'main', 'other'"),
        ("owner/name:gone", "BuilderConfig 'gone' not found. Available: ['main', 'other']"),
        ("owner/gone:main", "'owner/gone' doesn't exist on the Hub or cannot be accessed"),
    ],
)
def test_what_the_hub_does_not_have_is_said_in_one_line(
    name: str, said: str, hub: Hub, tmp_path: Path
) -> None:
    done = imported(name, hub, tmp_path)
    assert done.returncode == 1
    [line] = done.stderr.strip().splitlines()
    assert said in line
    assert "Name a dataset as OWNER/NAME or OWNER/NAME:CONFIG" in line
    assert not (tmp_path / "tasks").exists()
