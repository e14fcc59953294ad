"""Kills: `kill -9` of a stage at random moments, and a resume after each; is an answered call ever paid again?

The stage `baseline` runs as a process of its own, with a core on the loopback server, which notes each prompt that it
is sent. What the ledger had settled before a kill may never be sent after it, and what was in flight is unknown spend.

    python -m bench.kills --kills 20
"""

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from exectune.task import SPLITS, Task, write_tasks
from tests.loopback.server import Loopback, says

ROOT = Path(__file__).parents[1]
MODEL = "bedrock/anthropic.claude-haiku-4-5-20251001-v1:0"
CONCURRENCY = 8
LATENCY_S = 0.05
LONGEST_S = 0.5  # from a life's first request to its end
SETTLED = "WHERE status = 'settled' AND NOT cached"


@dataclass(frozen=True)
class Kills:
    """What the server and the ledger saw over all lives of the stage."""

    tasks: int
    kills: int
    requests: int
    sent_again_after_settled: int  # has to be 0
    sent_twice: int  # in flight at a kill, and sent again
    unknown: int  # calls that the ledger holds as unknown spend
    most_unknown_a_kill: int  # at most the calls in flight
    settled: int


def measure(kills: int, tasks: int, folder: Path, *, seed: int = 0) -> Kills:
    """Run the stage, kill it, resume it, and let the last life end by itself."""
    source = random.Random(seed)
    with Loopback(says("Answer: 24"), latency_s=LATENCY_S) as server:
        make_project(folder, server.url, tasks)
        settled: set[str] = set()
        again, unknown_before, most_unknown = 0, 0, 0
        for life in range(kills + 1):
            before = len(server.requests)
            stage = subprocess.Popen(
                [sys.executable, "-m", "stages.baseline"],
                cwd=folder,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            if life < kills:
                while len(server.requests) == before and stage.poll() is None:
                    time.sleep(0.002)
                time.sleep(source.uniform(0, LONGEST_S))
                stage.send_signal(signal.SIGKILL)
            _, errors = stage.communicate()
            assert stage.returncode == (-signal.SIGKILL if life < kills else 0), errors.decode()
            again += sum(record.asked.prompt in settled for record in server.requests[before:])
            settled = {prompt for (prompt,) in _rows(folder, "SELECT prompt FROM calls " + SETTLED)}
            ((unknown,),) = _rows(
                folder, "SELECT count(*) FROM calls WHERE status IN ('unknown', 'reserved')"
            )
            most_unknown, unknown_before = max(most_unknown, unknown - unknown_before), unknown
        sent = Counter(record.asked.prompt for record in server.requests)
        return Kills(
            tasks=tasks,
            kills=kills,
            requests=len(server.requests),
            sent_again_after_settled=again,
            sent_twice=sum(count - 1 for count in sent.values()),
            unknown=unknown,
            most_unknown_a_kill=most_unknown,
            settled=len(settled),
        )


def make_project(folder: Path, url: str, tasks: int) -> None:
    """What the stage reads: params.yaml, and the tasks as `prepare` writes them."""
    yaml = YAML()
    params = yaml.load(ROOT / "params.yaml")
    params["models"]["core"] = MODEL
    params["endpoints"]["bedrock"]["url"] = url
    params["calls"]["concurrency"] = CONCURRENCY
    params["prices"]["core"] = None
    params["protocol"] |= {"name": "direct", "max_new_tokens": 64}
    yaml.dump(params, folder / "params.yaml")
    (folder / "artifacts" / "prepare").mkdir(parents=True)
    for split in SPLITS:
        made = [_task(number) for number in range(tasks)] if split == "train" else []
        write_tasks(made, folder / "artifacts" / "prepare" / f"{split}.parquet")


def _task(number: int) -> Task:
    question = f"Shelf {number} holds 3 boxes of 8 pens. How many pens are that?"
    return Task(f"train-{number:04d}", "train", "boxes", question, ("3 * 8",), "24")


def _rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(folder / ".exectune" / "ledger.sqlite")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--tasks", type=int, default=2000)
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asdict(measure(flags.kills, flags.tasks, Path(folder))), indent=2))


if __name__ == "__main__":
    main()
