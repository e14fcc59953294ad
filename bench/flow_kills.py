"""Flow kills: `kill -9` of `python -m flows.retrain` at random moments, started again after each; what is left behind?

A tiny model plays guide and core, in a temporary clone, as in `tests.test_pipeline`. A flow is killed and started again
until it ends by itself; then its metrics are compared with those of an undisturbed run of the same seed, and another
clone begins, until there were as many kills as asked. After each kill nothing may go on, and each alias may name only a
version that is whole. After each end no run may be left going on, neither in MLflow nor in Prefect.

    python -m bench.flow_kills --kills 50
"""

import argparse
import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil
from safetensors import SafetensorError, safe_open

from tests.running import environment_without
from tests.test_pipeline import make_clone, make_model

MODEL = "exectune-guide"
GONE_WITHIN_S = 5
LIFE = 0.2  # of an undisturbed run: the mean time from a start to its kill, which may come at any moment
# Not a result: which number the registry gave, how long calls took, and what the whole ledger holds.
VARIES = {"version", "latency_s", "break_even"}


@dataclass
class FlowKills:
    """What was found over all kills; all after `mended` have to be 0 or empty."""

    kills: int = 0
    ends: int = 0  # clones that were brought to their end
    killed_in: dict[str, int] = field(default_factory=dict)  # stage, or what comes before the first
    mended: int = 0  # files of DVC's that a kill left half-written, and the next flow put right
    failed: list[str] = field(default_factory=list)  # flows that ended by themselves with an error
    orphans: int = 0
    broken_aliases: list[str] = field(default_factory=list)
    left_running: int = 0  # MLflow's runs, after an end
    left_going_on: int = 0  # Prefect's flow runs, after an end
    different: list[str] = field(default_factory=list)  # metrics, by their path


def measure(kills: int, folder: Path, *, seed: int = 0) -> FlowKills:
    """Kill `kills` flows; each clone is brought to its end. The first flow that fails by itself ends it all."""
    source, found, model = random.Random(seed), FlowKills(), folder / "model"
    make_model(model)
    undisturbed = folder / "undisturbed"
    fresh(undisturbed, model)
    began = time.monotonic()
    assert start(undisturbed).wait() == 0, log(undisturbed)
    life = (time.monotonic() - began) * LIFE
    expected = metrics(undisturbed)
    while found.kills < kills and not found.failed:
        clone = folder / f"clone-{found.ends}"
        fresh(clone, model)
        while not ended(clone, found, kills, source.expovariate(1 / life)):
            found.broken_aliases += broken_aliases(clone)
        found.ends += 1
        found.mended += log(clone).count("was half-written")
        if not found.failed:
            found.different += list(differences(expected, metrics(clone)))
        found.broken_aliases += broken_aliases(clone)
        found.left_running += count(clone / "mlflow.db", "SELECT count(*) FROM runs WHERE status = 'RUNNING'")
        found.left_going_on += count(
            clone / "prefect" / "prefect.db",
            "SELECT count(*) FROM flow_run WHERE state_type IN ('PENDING', 'RUNNING', 'CANCELLING')",
        )
        print(json.dumps(asdict(found)), file=sys.stderr, flush=True)
        shutil.rmtree(clone)
    return found


def fresh(clone: Path, model: Path) -> None:
    """A clone in which nothing ran."""
    clone.mkdir()
    make_clone(clone, model)


def ended(clone: Path, found: FlowKills, kills: int, seconds: float) -> bool:
    """Start the flow, and kill it after a while; whether it ended by itself before."""
    flow = start(clone)
    try:
        code = flow.wait(seconds if found.kills < kills else None)
        if code != 0:
            found.failed.append(log(clone)[-2000:])
        return True
    except subprocess.TimeoutExpired:
        stage = going_on(clone)
        flow.send_signal(signal.SIGKILL)
        flow.wait()
    found.kills += 1
    found.killed_in[stage] = found.killed_in.get(stage, 0) + 1
    found.orphans += len(orphans(clone))
    return False


def start(clone: Path) -> subprocess.Popen[bytes]:
    """The flow as a process of its own, with a Prefect database of its own."""
    environment = environment_without("MLFLOW_", "PREFECT_") | {"PREFECT_HOME": str(clone / "prefect")}
    with (clone / "flow.log").open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "flows.retrain"], cwd=clone, env=environment, stdout=file, stderr=file
        )


def log(clone: Path) -> str:
    return (clone / "flow.log").read_text(encoding="utf-8", errors="replace")


def processes(clone: Path) -> Iterator[psutil.Process]:
    """All that work in the clone."""
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(clone) and process.status() != psutil.STATUS_ZOMBIE:
                yield process
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue


def going_on(clone: Path) -> str:
    """The stage whose process runs; else `dvc` or `flow`."""
    words = [word for process in processes(clone) for word in process.cmdline()]
    stages = [word.removeprefix("stages.") for word in words if word.startswith("stages.")]
    return stages[0] if stages else ("dvc" if "dvc" in words else "flow")


def orphans(clone: Path) -> list[psutil.Process]:
    """What still works in the clone when all of it should have ended; it is ended."""
    end = time.monotonic() + GONE_WITHIN_S
    while (left := list(processes(clone))) and time.monotonic() < end:
        time.sleep(0.05)
    for process in left:
        process.kill()
    return left


def broken_aliases(clone: Path) -> list[str]:
    """Aliases that name a version that is not there, or whose adapter cannot be read."""
    if not (clone / "mlflow.db").is_file():
        return []
    import mlflow

    client = mlflow.MlflowClient(f"sqlite:///{clone}/mlflow.db")
    broken = []
    for model in client.search_registered_models(filter_string=f"name = '{MODEL}'"):
        for alias, number in model.aliases.items():
            uri = client.get_model_version_download_uri(MODEL, number)
            adapters = list(Path(uri.removeprefix("file://")).rglob("adapter_model.safetensors"))
            if len(adapters) != 1 or not readable(adapters[0]):
                broken.append(f"{alias} → {number}")
    return broken


def readable(weights: Path) -> bool:
    try:
        with safe_open(weights, "numpy") as tensors:
            return bool(list(tensors.keys()))
    except SafetensorError:
        return False


def count(database: Path, query: str) -> int:
    connection = sqlite3.connect(database)
    try:
        return int(connection.execute(query).fetchone()[0])
    finally:
        connection.close()


def metrics(clone: Path) -> dict[str, Any]:
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (clone / "metrics").glob("*.json")
    }


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Where two metrics differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted((one.keys() | other.keys()) - VARIES):
            yield from differences(one.get(key), other.get(key), f"{path}.{key}".strip("."))
    elif one != other:
        yield f"{path}: {one} and {other}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.flow_kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asdict(measure(flags.kills, Path(folder), seed=flags.seed)), indent=2))


if __name__ == "__main__":
    main()
