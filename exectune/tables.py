"""Tables: rows of a file, or of a dataset of the hub. In: a path or a name. Out: a place and a row each.

A row is bytes (a line of JSON, not yet read) or a dictionary of columns. What makes the whole source unreadable is a
`DataError`; what makes one row unreadable is for the reader of that row to say.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from exectune.errors import DataError
from exectune.taskfile import lines_of

Row = dict[str, Any]
SUFFIXES = (".jsonl", ".jsonl.gz", ".csv", ".parquet")
HUB_NAME = re.compile(r"(?P<name>[\w.-]+/[\w.-]+)(?::(?P<config>[\w.-]+))?")


@dataclass(frozen=True)
class Source:
    """A file, or one split of a dataset; `name` goes into ids and into the choice of train or test."""

    name: str
    place: str
    path: Path | None
    config: str | None = None

    def rows(self) -> Iterator[tuple[int, Row | bytes]]:
        """Every row, with its number or line from 1.

        Raises:
            DataError: the source cannot be read.
        """
        if self.path is None:
            yield from enumerate(_hub(self.place, self.config, self.name), start=1)
        elif self.path.suffix == ".csv":
            yield from _csv(self.path)
        elif self.path.suffix == ".parquet":
            yield from enumerate(_parquet(self.path), start=1)
        else:
            yield from lines_of(self.path)


def sources(names: list[str]) -> list[Source]:
    """The files in `names` and in the folders among them, and the splits of datasets (`openai/gsm8k:main`).

    Raises:
        DataError: there is no such file, no file of a known kind in a folder, no such dataset, or no network.
    """
    found: list[Source] = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            files = sorted(file for file in path.iterdir() if file.name.endswith(SUFFIXES))
            if not files:
                raise DataError(f"{name} holds no file named *{', *'.join(SUFFIXES)}")
            found += [_file(file) for file in files]
        elif path.is_file():
            found.append(_file(path))
        elif (hub := HUB_NAME.fullmatch(name)) and not path.suffix:
            splits = _splits(hub["name"], hub["config"])
            found += [Source(split, hub["name"], None, hub["config"]) for split in splits]
        else:
            raise DataError(
                f"{name} is missing: no such file or folder, nor a name of the hub such as openai/gsm8k:main"
            )
    return found


def _file(path: Path) -> Source:
    if not path.name.endswith(SUFFIXES):
        raise DataError(f"{path} is of no known kind: {', '.join(SUFFIXES)}")
    return Source(path.name.partition(".")[0], str(path), path)


def _csv(path: Path) -> Iterator[tuple[int, Row]]:
    try:
        reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""), strict=True)
        for row in reader:
            yield reader.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as CSV: {error}") from None


def _parquet(path: Path) -> Iterator[Row]:
    try:
        frame = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(f"{path} cannot be read as parquet: {str(error).splitlines()[0]}") from None
    yield from frame.iter_rows(named=True)


def _splits(name: str, config: str | None) -> list[str]:
    import datasets

    try:
        return list(datasets.get_dataset_split_names(name, config))
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise _unreachable(name, error) from None


def _hub(name: str, config: str | None, split: str) -> Iterator[Row]:
    import datasets

    try:
        yield from datasets.load_dataset(name, config, split=split)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise _unreachable(name, error) from None


def _unreachable(name: str, error: Exception) -> DataError:
    said = str(error).strip().splitlines() or [type(error).__name__]
    why = " ".join(said[:2])[:300].rstrip(".")
    return DataError(
        f"{name} cannot be had from the hub: {why}. There is no such file here either. Name a dataset as "
        f"OWNER/NAME or OWNER/NAME:CONFIG; without a network, fetch its files elsewhere and name these"
    )
