"""demo_code: the code domain through the same stages, in a working tree of its own.

    python -m flows.demo_code            (or: make demo-code)

The last commit is checked out into `.exectune/demo-code`, with the bundled code tasks as data and the settings of
`profiles/demo-code.yaml`: tasks, results, ledger and runs of the maths domain stay as they are. A second run goes on
from the first. At the end it says how far the core went.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from exectune import process

FOLDER = Path(".exectune/demo-code")
TASKS = "exectune/bundled/code_tasks"
PROFILE = "profiles/demo-code.yaml"
FEW = 0.1  # of the gold plans accepted: with fewer, nothing can be learnt from them


def main() -> int:
    """Make the working tree, if it is not there, and run the flow in it; the exit code."""
    if not (FOLDER / "params.yaml").is_file():
        checkout()
        prepare(FOLDER)
    code = _run(FOLDER, sys.executable, "-m", "flows.retrain")
    print(how_far(FOLDER))
    return code


def checkout() -> None:
    """The last commit, in a folder that git ignores."""
    subprocess.run(["git", "worktree", "prune"], check=True)
    subprocess.run(["git", "worktree", "add", "--quiet", "--detach", str(FOLDER)], check=True)


def prepare(folder: Path) -> None:
    """Set what differs, and let data.dvc bring the code tasks."""
    for command in (
        ["exectune", "use", PROFILE],
        ["dvc", "import-url", "--quiet", "--force", TASKS, "data"],
        ["dvc", "unfreeze", "data.dvc"],
    ):
        if _run(folder, *command):
            raise SystemExit(f"`{' '.join(command)}` failed in {folder}")


def how_far(folder: Path) -> str:
    """What the core made of the gold plans, also where the run ended at that; empty where it did not come so far."""
    path = folder / "metrics/accept.json"
    if not path.is_file():
        return ""
    figures = json.loads(path.read_text(encoding="utf-8"))
    tried, executed = figures["executability"]["n"], figures["executability"]["value"]
    accepted = figures["accepted"]
    said = f"\nOf {tried} gold plans this core carried out {round(executed * tried)}, and got {accepted} of them right."
    if accepted >= FEW * tried:
        return said
    return (
        f"{said}\nIt is too small for code: all stages run, and their figures say nothing about the method.\n"
        f"For a larger core, set models.core in {folder}/params.yaml and run this again."
    )


def _run(folder: Path, *command: str) -> int:
    environment = os.environ | {"PATH": process.path()}
    return subprocess.run(command, cwd=folder, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
