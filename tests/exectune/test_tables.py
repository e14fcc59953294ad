import gzip
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from exectune import taskfile
from exectune.errors import DataError
from exectune.tables import sources


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
