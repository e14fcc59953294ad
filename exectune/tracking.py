"""Tracking: what goes to MLflow. The only module that imports it.

    with tracking.stage_run("sft", flat(params)) as run:
        ...
        tracking.log_metrics({"loss": 0.31})

A stage is one run, a child of the retraining run when a flow set `EXECTUNE_PARENT_RUN_ID`. Where
`MLFLOW_TRACKING_URI` is unset, runs and the registry are `mlflow.db` in the working folder, files are in `mlruns/`.
A server that cannot be reached is one error within seconds; one that goes away meanwhile is waited for half a minute.
"""

import hashlib
import logging
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

from exectune import process
from exectune.errors import DataError, TrackingError, UserError
from exectune.ledger import Ledger

# Read by MLflow when it is imported: no usage statistics, and no lines about what goes well.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault(
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES", "4"
)  # 2 + 4 + 8 + 16 s; its own default takes minutes

EXPERIMENT = "exectune"
PARENT = "EXECTUNE_PARENT_RUN_ID"
GUIDE_MODEL = Path("mlflow_project/guide_model.py")
SETTINGS = Path("params.yaml")
EXAMPLE = "Ana has 3 boxes of 8 pens and 5 loose pens. How many pens has she?"
REACHED_WITHIN_S = 5
SQLITE = "sqlite:///"
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


@dataclass(frozen=True)
class Span:
    """One part of a trace: calls of one model, with their tokens, price and time."""

    name: str
    model: str
    inputs: Mapping[str, object]
    outputs: Mapping[str, object]
    tokens_in: int
    tokens_out: int
    usd: float
    latency_s: float


@dataclass(frozen=True)
class Trace:
    """One answered question; its spans are one after the other."""

    name: str
    inputs: Mapping[str, object]
    outputs: Mapping[str, object]
    spans: Sequence[Span]


@dataclass(frozen=True)
class Child:
    """A stage's run within a retraining run."""

    id: str
    name: str
    metrics: Mapping[str, float]


@contextmanager
def stage_run(stage: str, params: Mapping[str, object]) -> Iterator[Run]:
    """The run of one stage; FAILED when the block raises."""
    with _run(stage, os.environ.get(PARENT)) as run:
        with _talk() as mlflow:
            mlflow.log_params(dict(params))
        yield run


@contextmanager
def parent_run(name: str, reason: str = "") -> Iterator[Run]:
    """The run that the stages' runs are children of, when its id is their `EXECTUNE_PARENT_RUN_ID`.

    `reason` says why it was started; it is kept as a tag.
    """
    with _run(name, None) as run:
        if reason:
            with _talk() as mlflow:
                mlflow.set_tag("reason", reason)
        yield run


def make_ready() -> None:
    """See that the tracking server answers, or make the database where there is none.

    Raises:
        TrackingError: it cannot be reached, or refuses.
    """
    with _talk():
        pass


def children(parent_id: str) -> list[Child]:
    """The runs of the stages that ran in a retraining run, in order."""
    with _talk() as mlflow:
        found = mlflow.search_runs(
            search_all_experiments=True,
            filter_string=f"tags.`mlflow.parentRunId` = '{parent_id}'",
            order_by=["attributes.start_time"],
            output_format="list",
        )
    return [Child(run.info.run_id, run.info.run_name, run.data.metrics) for run in found]


def page(run_id: str, artifact: str = "") -> str:
    """Where MLflow's UI shows a run, or one of its files: on the tracking server, else where `make ui` serves it."""
    uri = os.environ.get("MLFLOW_TRACKING_URI", "")
    if not uri.startswith("http"):
        uri = f"http://127.0.0.1:{os.environ.get('MLFLOW_PORT', '5000')}"
    with _talk() as mlflow:
        experiment = mlflow.get_run(run_id).info.experiment_id
    tail = f"/artifacts/{artifact}" if artifact else ""
    return f"{uri.rstrip('/')}/#/experiments/{experiment}/runs/{run_id}{tail}"


def log_metrics(metrics: Mapping[str, float], step: int | None = None) -> None:
    """Log figures to the run that is going on."""
    with _talk() as mlflow:
        mlflow.log_metrics(dict(metrics), step=step)


def log_artifact(path: Path) -> None:
    """Log a file, or a folder under its own name, to the run that is going on."""
    with _talk() as mlflow:
        if path.is_dir():
            mlflow.log_artifacts(str(path), artifact_path=path.name)
        else:
            mlflow.log_artifact(str(path))


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


def log_traces(traces: Sequence[Trace]) -> None:
    """Log answered questions as traces of the run that is going on. Their spans end now: they were measured before."""
    from mlflow.tracing.constant import CostKey, SpanAttributeKey, TokenUsageKey

    with _talk() as mlflow:
        for trace in traces:
            clock = time.time_ns() - sum(_nanoseconds(span) for span in trace.spans)
            root = mlflow.start_span_no_context(
                trace.name, "CHAIN", inputs=dict(trace.inputs), start_time_ns=clock
            )
            for span in trace.spans:
                part = mlflow.start_span_no_context(
                    span.name, "LLM", root, inputs=dict(span.inputs), start_time_ns=clock
                )
                tokens = (span.tokens_in, span.tokens_out, span.tokens_in + span.tokens_out)
                keys = (TokenUsageKey.INPUT_TOKENS, TokenUsageKey.OUTPUT_TOKENS, TokenUsageKey.TOTAL_TOKENS)
                part.set_attribute(SpanAttributeKey.MODEL, span.model)
                part.set_attribute(SpanAttributeKey.CHAT_USAGE, dict(zip(keys, tokens, strict=True)))
                part.set_attribute(SpanAttributeKey.LLM_COST, {CostKey.TOTAL_COST: span.usd})
                clock += _nanoseconds(span)
                part.end(outputs=dict(span.outputs), end_time_ns=clock)
            root.end(outputs=dict(trace.outputs), end_time_ns=clock)
        mlflow.flush_trace_async_logging()


def register_guide(
    model_name: str,
    adapter: Path,
    params: Mapping[str, object],
    tags: Mapping[str, str],
    cards: Mapping[str, str],
) -> Version:
    """Log the guide-core policy to the run that is going on, and register it as a new version.

    The version appears in one step, when all that belongs to it is there. The model is saved as code: no torch is
    imported, and its input example is not tried, which would call the core.

    Args:
        adapter: the guide's folder, called `adapter`.
        params: what the registry shows of params.yaml, which goes along whole.
        cards: Markdown by file name; together they are the version's description.
    """
    with _talk() as mlflow:
        client, run = mlflow.MlflowClient(), mlflow.active_run()
        shown = {key: str(value) for key, value in params.items()}
        model = mlflow.initialize_logged_model(name="guide", source_run_id=run.info.run_id, params=shown)
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / "model"
            _save_guide(mlflow, folder, adapter, model)
            for name, text in cards.items():
                (folder / name).write_text(text, encoding="utf-8")
            client.log_model_artifacts(model.model_id, str(folder))
        mlflow.finalize_logged_model(model.model_id, "READY")
        client.log_outputs(run.info.run_id, [mlflow.entities.LoggedModelOutput(model.model_id, step=0)])
        if not client.search_registered_models(filter_string=f"name = '{model_name}'"):
            client.create_registered_model(model_name)
        made = client.create_model_version(
            model_name,
            model.model_uri,
            run_id=run.info.run_id,
            tags=dict(tags),
            description="\n".join(cards.values()),
            model_id=model.model_id,
        )
    return _version(made)


def fetch_artifact(run_id: str, name: str) -> Path:
    """A file that a run logged, fetched; it stays until this process ends.

    Raises:
        DataError: the run has no such file.
    """
    return _fetch(f"runs:/{run_id}/{name}", f"run {run_id} has no artifact {name}")


def fetch_adapter(model_name: str, number: int) -> Path:
    """The folder of a version's adapter, fetched; it stays until this process ends.

    Raises:
        DataError: the version has none.
    """
    return _fetch(
        f"models:/{model_name}/{number}/artifacts/adapter", f"{model_name} version {number} has no adapter"
    )


def fetch_settings(model_name: str, number: int) -> Path:
    """The params.yaml that a version was made with, fetched; it stays until this process ends.

    Raises:
        DataError: the version has none.
    """
    return _fetch(
        f"models:/{model_name}/{number}/artifacts/params.yaml",
        f"{model_name} version {number} has no settings",
    )


def tag_run(tags: Mapping[str, str]) -> None:
    """Set tags of the run that is going on."""
    with _talk() as mlflow:
        mlflow.set_tags(dict(tags))


def last_finished(tag: str, value: str) -> Run | None:
    """The last of the runs with this tag that ended well."""
    with _talk() as mlflow:
        found = mlflow.search_runs(
            search_all_experiments=True,
            filter_string=f"tags.{tag} = '{value}' and attributes.status = 'FINISHED'",
            order_by=["attributes.start_time DESC"],
            max_results=1,
            output_format="list",
        )
    return Run(found[0].info.run_id) if found else None


def provenance() -> dict[str, str]:
    """The commit, and the hashes of the data and of dvc.lock, where they are known."""
    lock = Path("dvc.lock")
    hashes = {"dvc_lock": hashlib.sha256(lock.read_bytes()).hexdigest()} if lock.is_file() else {}
    return {name: value for name, value in _tags().items() if name in ("git_commit", "data_hash")} | hashes


def get_alias(model_name: str, alias: str) -> Version | None:
    """The version that the alias names; None where there is no such model or alias."""
    with _talk() as mlflow:
        client = mlflow.MlflowClient()
        for model in client.search_registered_models(filter_string=f"name = '{model_name}'"):
            if alias in model.aliases:
                return _version(client.get_model_version(model_name, model.aliases[alias]))
    return None


def get_version(model_name: str, number: int) -> Version | None:
    """The version of that number; None where there is none."""
    return next((one for one in versions(model_name) if one.number == number), None)


def versions(model_name: str) -> list[Version]:
    """All versions, oldest first."""
    with _talk() as mlflow:
        found = mlflow.MlflowClient().search_model_versions(f"name = '{model_name}'")
        return sorted((_version(one) for one in found), key=lambda one: one.number)


def set_alias(model_name: str, alias: str, number: int) -> None:
    """Make the alias name that version, and no other."""
    with _talk() as mlflow:
        mlflow.MlflowClient().set_registered_model_alias(model_name, alias, str(number))


def delete_alias(model_name: str, alias: str) -> None:
    """Make the alias name no version."""
    with _talk() as mlflow:
        mlflow.MlflowClient().delete_registered_model_alias(model_name, alias)


def set_tags(model_name: str, number: int, tags: Mapping[str, str]) -> None:
    """Set tags of a version."""
    with _talk() as mlflow:
        for key, value in tags.items():
            mlflow.MlflowClient().set_model_version_tag(model_name, str(number), key, value)


@contextmanager
def _run(name: str, parent: str | None) -> Iterator[Run]:
    with _talk() as mlflow:
        # `mlflow run` names its experiment, and its run, which the flow's run then is.
        given = os.environ.get("MLFLOW_EXPERIMENT_ID")
        mlflow.set_experiment(None if given else EXPERIMENT, experiment_id=given)
        _close_dead_runs(mlflow)
        active = mlflow.start_run(run_name=name, parent_run_id=parent, tags=_tags())
    try:
        with active:
            yield Run(active.info.run_id)
    except mlflow.MlflowException as error:  # the server is gone; what the block raised says more
        raise (
            error.__context__ if isinstance(error.__context__, UserError) else _one_message(error)
        ) from None


@contextmanager
def _talk() -> Iterator[ModuleType]:
    """MLflow, whose errors are one message.

    Raises:
        TrackingError: it cannot be reached, or refuses.
    """
    import mlflow
    import sqlalchemy as sa

    logging.getLogger("alembic").setLevel(logging.WARNING)
    mlflow.set_tracking_uri(uri())
    _reach(uri())
    try:
        _make_database(mlflow, uri())
        yield mlflow
    except (mlflow.MlflowException, sa.exc.SQLAlchemyError) as error:
        raise _one_message(error) from None


def _make_database(mlflow: ModuleType, address: str) -> None:
    """MLflow makes its tables in many steps, and killed between two leaves a database that it opens never again. So a
    new one is made aside, and then appears whole."""
    path = Path(address.removeprefix(SQLITE).partition("?")[0])
    if not address.startswith(SQLITE) or path.exists() or not path.parent.is_dir():
        return
    with tempfile.TemporaryDirectory(prefix=f"{path.name}.", dir=path.parent) as folder:
        aside = Path(folder) / path.name
        mlflow.MlflowClient(f"{SQLITE}{aside}")
        with suppress(FileExistsError):  # another process was faster
            path.hardlink_to(aside)


@cache
def _reach(address: str) -> None:
    """Fail at once where no server answers: MLflow itself would try for minutes."""
    if not address.startswith(("http://", "https://")):
        return
    import requests
    from mlflow.exceptions import MlflowException
    from mlflow.utils.credentials import get_default_host_creds
    from mlflow.utils.rest_utils import http_request

    try:
        http_request(
            get_default_host_creds(address),
            "/health",
            "GET",
            max_retries=0,
            timeout=REACHED_WITHIN_S,
            raise_on_status=False,
        )
    except (MlflowException, requests.RequestException):
        raise TrackingError(
            f"MLflow's server at {_shown(address)} cannot be reached: start it, or set MLFLOW_TRACKING_URI to one that "
            f"runs; without that variable mlflow.db in the working folder is used"
        ) from None


def uri() -> str:
    """Where MLflow keeps runs and registry: its server, or the database in the working folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"{SQLITE}{Path.cwd() / 'mlflow.db'}"


def _one_message(error: Exception) -> TrackingError:
    said = str(error).strip().splitlines()[0].removesuffix(".")
    return TrackingError(f"MLflow at {_shown(uri())}: {_shown(said)[:500]}")


def _shown(address: str) -> str:
    """The address without the password that may be in it."""
    return re.sub(r"//[^/@]*@", "//", address)


def _save_guide(mlflow: ModuleType, folder: Path, adapter: Path, model: Any) -> None:
    from mlflow.models import Model, ModelSignature
    from mlflow.types import ColSpec, Schema

    answers = {"strategy": "string", "answer": "string", "executed": "boolean", "usd": "double"}
    # The question's column has no name, so that a list of texts and a table of one column are both taken.
    signature = ModelSignature(
        Schema([ColSpec("string")]), Schema([ColSpec(kind, name) for name, kind in answers.items()])
    )
    mlflow.pyfunc.save_model(
        folder,
        python_model=str(GUIDE_MODEL),
        artifacts={"adapter": str(adapter), "params": str(SETTINGS)},
        code_paths=[str(Path(__file__).parent)],
        pip_requirements=[f"{name}=={version(name)}" for name in GUIDE_NEEDS],
        signature=signature,
        input_example=[EXAMPLE],
        mlflow_model=Model(
            model_id=model.model_id, run_id=model.source_run_id, artifact_path=model.artifact_location
        ),
    )
    for cache_folder in list(folder.rglob("__pycache__")):
        shutil.rmtree(cache_folder)


def _fetch(uri: str, missing: str) -> Path:
    with _talk() as mlflow:
        try:
            place = tempfile.mkdtemp(dir=_fetched().name)
            return Path(mlflow.artifacts.download_artifacts(uri, dst_path=place))
        except (mlflow.MlflowException, OSError) as error:
            raise DataError(f"{missing}: {error}") from None


@cache
def _fetched() -> "tempfile.TemporaryDirectory[str]":
    """Where fetched files stand until this process ends; MLflow's own copies would stay for ever."""
    return tempfile.TemporaryDirectory(prefix="exectune-fetched-")


def _nanoseconds(span: Span) -> int:
    return int(span.latency_s * 1e9)


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
    content = YAML(typ="safe", pure=True).load(owner) if owner.is_file() else None
    outs = (content or {}).get("outs", [])  # an empty one is what a killed dvc may leave
    return " ".join(out["md5"] for out in outs)


def _git_commit() -> str:
    found = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return found.stdout.strip() if found.returncode == 0 else ""


def _version(version: Any) -> Version:
    return Version(int(version.version), version.run_id, dict(version.tags))
