"""DVC's files: what a `dvc` that was killed left half-written is put right before the next one starts.

In: dvc.lock, data.dvc and DVC's list of who uses which file. Out: the same, whole.

DVC empties such a file and then fills it. Killed in between, it leaves one that is empty or cut, and the next `dvc`
fails on it or overlooks it (seen with DVC 3.67). So a copy of each whole one is kept. What dvc.lock lacks after that,
DVC takes from its run cache, without running a stage again.
"""

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from dvc.exceptions import DvcException
from dvc.schema import COMPILED_LOCKFILE_SCHEMA
from dvc.utils.strictyaml import load

from flows.workspace import WorkspaceBusy, locked

LOCK, DATA = Path("dvc.lock"), Path("data.dvc")
KEPT = Path(".exectune/kept")
IN_USE = Path(".dvc/tmp/rwlock")
DVC_AT_WORK = Path(".dvc/tmp/lock")  # held by every dvc while it writes one of them


def mend(log: Callable[[str], object]) -> None:
    """Put right what is half-written, and tell of it; keep a copy of what is whole."""
    if not Path(".dvc").is_dir():  # dvc itself says so
        return
    mended: list[Path] = []
    with suppress(WorkspaceBusy), locked(DVC_AT_WORK, "flows"):  # a dvc that is at work was not killed
        for path in (LOCK, DATA):
            kept = KEPT / path.name
            if not path.exists():
                continue
            if not half_written(path):
                copy(path, kept)
            elif kept.exists():
                copy(kept, path)
                mended.append(path)
            elif path == LOCK:  # there was none when the first flow began
                path.unlink()
                mended.append(path)
        if IN_USE.exists() and not is_json(IN_USE):
            IN_USE.unlink()
            mended.append(IN_USE)
    for name in mended:
        log(f"{name} was half-written, by a dvc that was killed: it is put right")


def half_written(path: Path) -> bool:
    """Whether the file is empty, or DVC would not take it for a dvc.lock."""
    if path.stat().st_size == 0:
        return True
    if path == LOCK:
        try:
            load(str(path), COMPILED_LOCKFILE_SCHEMA)
        except DvcException:
            return True
    return False


def is_json(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return True


def copy(source: Path, target: Path) -> None:
    """In one step: the target is never half-written."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_suffix(".tmp")
    shutil.copy(source, temporary)
    temporary.replace(target)
