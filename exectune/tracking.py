"""Tracking: what goes to MLflow. The only module that imports it.

    with tracking.stage_run("sft", flat(params)) as run:
        ...
        tracking.log_metrics({"loss": 0.31})

A stage is one run, a child of the retraining run when a flow set `EXECTUNE_PARENT_RUN_ID`. Where
`MLFLOW_TRACKING_URI` is unset, runs and the registry are `mlflow.db` in the working folder, files are in `mlruns/`.
"""

import logging
import os
import subprocess
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

from exectune import process
from exectune.errors import DataError
from exectune.ledger import Ledger

# Read by MLflow when it is imported: no usage statistics, and no lines about what goes well.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

EXPERIMENT = "exectune"
PARENT = "EXECTUNE_PARENT_RUN_ID"
GUIDE_MODEL = Path("mlflow_project/guide_model.py")
SETTINGS = Path("params.yaml")
GUIDE_NEEDS = (
    "torch",
    "transformers",
    "peft",
    "gguf",
    "polars",
    "pydantic",
    "ruamel.yaml",
    "sqlalchemy",
    "rich",
    "psutil",
    "tenacity",
    "genai-prices",
    "boto3",  # these two for a core that is paid
    "openai",
)


@dataclass(frozen=True)
class Run:
    """A run that is going on."""

    id: str


@dataclass(frozen=True)
class Version:
    """A registered version of a guide, with its tags."""

    number: int
    run_id: str
    tags: Mapping[str, str]


@contextmanager
def stage_run(stage: str, params: Mapping[str, object]) -> Iterator[Run]:
    """The run of one stage; FAILED when the block raises."""
    with _run(stage, os.environ.get(PARENT)) as run:
        _mlflow().log_params(dict(params))
        yield run


@contextmanager
def parent_run(name: str) -> Iterator[Run]:
    """The run that the stages' runs are children of, when its id is their `EXECTUNE_PARENT_RUN_ID`."""
    with _run(name, None) as run:
        yield run


def log_metrics(metrics: Mapping[str, float], step: int | None = None) -> None:
    """Log figures to the run that is going on."""
    _mlflow().log_metrics(dict(metrics), step=step)


def log_artifact(path: Path) -> None:
    """Log a file, or a folder under its own name, to the run that is going on."""
    if path.is_dir():
        _mlflow().log_artifacts(str(path), artifact_path=path.name)
    else:
        _mlflow().log_artifact(str(path))


def log_ledger(ledger: Ledger, run_id: str) -> None:
    """Log what the run spent, as `ledger.<role>.<what>`, and its calls as the artifact ledger.parquet."""
    figures = ("calls", "cached", "tokens_in", "tokens_out", "usd", "latency_s", "unknown_usd")
    metrics: dict[str, float] = {"ledger.usd": 0.0}
    for row in ledger.totals(run_id=run_id).to_dicts():
        for name in figures:
            key = f"ledger.{row['role']}.{name}"
            metrics[key] = metrics.get(key, 0.0) + row[name]
        metrics["ledger.usd"] += row["usd"]
    log_metrics(metrics)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.parquet"
        ledger.slice(path, run_id=run_id)
        log_artifact(path)


def register_guide(
    model_name: str, adapter: Path, params: Mapping[str, object], tags: Mapping[str, str]
) -> Version:
    """Log the guide-core policy to the run that is going on, and register it as a new version.

    `adapter` is the guide's folder; `params` is what the registry shows of params.yaml, which goes along whole.
    The model is saved as code: no torch is imported, and no input is tried.
    """
    mlflow = _mlflow()
    client = mlflow.MlflowClient()
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", ".*Add type hints to the `predict` method"
        )  # it takes lists and tables
        model = mlflow.pyfunc.log_model(
            name="guide",
            python_model=str(GUIDE_MODEL),
            artifacts={"adapter": str(adapter), "params": str(SETTINGS)},
            code_paths=[str(Path(__file__).parent)],
            pip_requirements=[f"{name}=={version(name)}" for name in GUIDE_NEEDS],
            params={key: str(value) for key, value in params.items()},
        )
    if not client.search_registered_models(filter_string=f"name = '{model_name}'"):
        client.create_registered_model(model_name)
    made = client.create_model_version(
        model_name, model.model_uri, run_id=model.run_id, tags=dict(tags), model_id=model.model_id
    )
    return _version(made)


def fetch_artifact(run_id: str, name: str) -> Path:
    """A file that a run logged, fetched to a place of this machine.

    Raises:
        DataError: the run has no such file.
    """
    mlflow = _mlflow()
    try:
        return Path(mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=name))
    except (mlflow.MlflowException, OSError) as error:
        raise DataError(f"run {run_id} has no artifact {name}: {error}") from None


def provenance() -> dict[str, str]:
    """The commit and the data's hash, where they are known."""
    return {name: value for name, value in _tags().items() if name in ("git_commit", "data_hash")}


def get_alias(model_name: str, alias: str) -> Version | None:
    """The version that the alias names; None where there is no such model or alias."""
    client = _mlflow().MlflowClient()
    for model in client.search_registered_models(filter_string=f"name = '{model_name}'"):
        if alias in model.aliases:
            return _version(client.get_model_version(model_name, model.aliases[alias]))
    return None


def set_alias(model_name: str, alias: str, number: int) -> None:
    """Make the alias name that version, and no other."""
    _mlflow().MlflowClient().set_registered_model_alias(model_name, alias, str(number))


@contextmanager
def _run(name: str, parent: str | None) -> Iterator[Run]:
    mlflow = _mlflow()
    # `mlflow run` names its experiment, and its run, which the flow's run then is.
    given = os.environ.get("MLFLOW_EXPERIMENT_ID")
    mlflow.set_experiment(None if given else EXPERIMENT, experiment_id=given)
    _close_dead_runs(mlflow)
    with mlflow.start_run(run_name=name, parent_run_id=parent, tags=_tags()) as active:
        yield Run(active.info.run_id)


def _mlflow() -> ModuleType:
    import mlflow

    logging.getLogger("alembic").setLevel(logging.WARNING)
    uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{Path.cwd() / 'mlflow.db'}"
    mlflow.set_tracking_uri(uri)
    return mlflow


def _close_dead_runs(mlflow: ModuleType) -> None:
    """A process that was killed leaves its run RUNNING for ever."""
    running = mlflow.search_runs(
        search_all_experiments=True, filter_string="attributes.status = 'RUNNING'", output_format="list"
    )
    for run in running:
        owner = run.data.tags.get("process")
        if owner and not process.alive(owner):
            mlflow.MlflowClient().set_terminated(run.info.run_id, status="KILLED")


def _tags() -> dict[str, str]:
    me = process.identity()
    host, _, pid, _ = me.split()
    tags = {"process": me, "host": host, "pid": pid, "data_hash": _data_hash(), "git_commit": _git_commit()}
    return {name: value for name, value in tags.items() if value}


def _data_hash() -> str:
    from ruamel.yaml import YAML

    owner = Path("data.dvc")
    outs = YAML(typ="safe", pure=True).load(owner)["outs"] if owner.is_file() else []
    return " ".join(out["md5"] for out in outs)


def _git_commit() -> str:
    found = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return found.stdout.strip() if found.returncode == 0 else ""


def _version(version: Any) -> Version:
    return Version(int(version.version), version.run_id, dict(version.tags))
