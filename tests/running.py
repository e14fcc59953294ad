"""Commands of users, run as they are: what they print, and whether they succeed."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

SHOWN = 6000  # last characters of what a command printed that did not do as it should


def environment_without(*prefixes: str) -> dict[str, str]:
    """The variables of this process but those whose names begin so, such as `MLFLOW_`."""
    return {key: value for key, value in os.environ.items() if not key.startswith(prefixes)}


def printed(folder: Path, *command: str, environment: Mapping[str, str], fails: bool = False) -> str:
    """Run a command to its end; what it printed, to standard output and error."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert (done.returncode != 0) == fails, done.stdout[-SHOWN:]
    return done.stdout
