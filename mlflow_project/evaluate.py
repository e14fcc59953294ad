"""Bring the evaluation up to date, as one MLflow run with the stages' runs below it.

mlflow run mlflow_project --env-manager local -e evaluate
"""

import os
import subprocess
import sys

from exectune import process, tracking
from exectune.errors import UserError


def main() -> int:
    """What `dvc repro evaluate` does; its exit code."""
    with tracking.parent_run("evaluate") as run:
        environment = os.environ | {"PATH": process.path(), tracking.PARENT: run.id}
        command = [sys.executable, "-m", "dvc", "repro", "evaluate"]
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as error:
        sys.exit(f"evaluate: {error}")
