"""demo_code: the code domain through the same stages, in a working tree of its own.

    python -m flows.demo_code            (or: make demo-code)

The last commit is checked out into `.exectune/demo-code`, with the bundled code tasks as data and a few settings that
are quick: tasks, results, ledger and runs of the maths domain stay as they are. A second run goes on from the first.
"""

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(".exectune/demo-code")
TASKS = "exectune/bundled/code_tasks"
# What differs from params.yaml; `dvc exp run -S` would take the same.
SETTINGS: dict[str, dict[str, int | str]] = {
    "models": {"batch_size": 32},
    "strategy": {"max_step_chars": 160},
    "protocol": {"name": "code", "max_new_tokens": 112},
    "baseline": {"max_new_tokens": 112},
    "accept": {"rounds": 1},
    "sft": {"max_steps": 40},
    "rl": {"max_steps": 4, "screen_tasks": 24, "screen_samples": 2},
    "evaluate": {"max_new_tokens": 112, "resamples": 1000},
}


def main() -> int:
    """Make the working tree, if it is not there, and run the flow in it; the exit code."""
    if not (FOLDER / "params.yaml").is_file():
        checkout()
        prepare(FOLDER)
    return _run(FOLDER, sys.executable, "-m", "flows.retrain")


def checkout() -> None:
    """The last commit, in a folder that git ignores."""
    subprocess.run(["git", "worktree", "prune"], check=True)
    subprocess.run(["git", "worktree", "add", "--quiet", "--detach", str(FOLDER)], check=True)


def prepare(folder: Path) -> None:
    """Set what differs, and let data.dvc bring the code tasks."""
    set_params(folder / "params.yaml")
    for command in (["import-url", "--quiet", "--force", TASKS, "data"], ["unfreeze", "data.dvc"]):
        if _run(folder, sys.executable, "-m", "dvc", *command):
            raise SystemExit(f"dvc {command[0]} failed in {folder}")


def set_params(path: Path) -> None:
    """Set the settings in a params.yaml, and keep its comments."""
    from ruamel.yaml import YAML

    yaml = YAML()
    content = yaml.load(path.read_text(encoding="utf-8"))
    for section, values in SETTINGS.items():
        content[section].update(values)
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(content, file)


def _run(folder: Path, *command: str) -> int:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(command, cwd=folder, env=os.environ | {"PATH": path}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
