"""Night: the champion does its fixed tasks once more, and the canary compares with all nights before.

In: the registry's champion with its outcomes at promotion, `artifacts/prepare`, the nights before. Out: a run `canary`
in MLflow with the figures and `nights.parquet` (a row a night and task, all nights of this champion until now), and
`.exectune/canary.json`. So the nights survive a new machine, and begin anew with each champion.

    exectune canary

The core is really asked again each night: replies of other nights, and of training, do not count. A night is over
when its run has finished; one that was stopped goes on with the replies that the ledger has, and pays for none twice.
"""

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from exectune import canary, models, params, policy, registry, tracking
from exectune.budgets import Budgets
from exectune.errors import DataError, UserError
from exectune.executability import scored
from exectune.ledger import Ledger
from exectune.ledger_place import ledger_place
from exectune.outcome import to_frame, write_frame
from exectune.params import Params
from exectune.stats import wilson
from exectune.task import EVALUATED, Task, read_all
from exectune.tracking import Version

RESULT = Path(".exectune/canary.json")
NIGHTS = "nights.parquet"
TAG = "canary_of"  # of a night's run: the run that registered the champion
KEPT = {
    "models",
    "strategy",
    "protocol",
}  # a champion is run with its own; addresses, prices and limits are today's
WATCHED = ("executability", "accuracy", "usd")
SLOW = 2.0  # times the latency at promotion: worth a word, no alarm, since the network has its own moods


@dataclass(frozen=True)
class Figure:
    """What is watched: its value tonight with a 95 % interval where it is a rate, at promotion, and the evidence."""

    name: str
    tonight: float
    low: float | None
    high: float | None
    promotion: float
    evidence: float
    drifted: bool


@dataclass(frozen=True)
class Night:
    """What one night showed; `since` is the night of the first alarm, `history` a row a night."""

    model: str
    version: int
    core: str
    night: int
    tasks: int
    failed: int
    figures: tuple[Figure, ...]
    limit: float
    since: int | None
    latency_s: float
    latency_promotion_s: float
    usd_paid: float
    history: list[dict[str, Any]]

    @property
    def is_new(self) -> bool:
        """Whether the alarm is tonight's: the one to act on."""
        return self.since == self.night

    @property
    def slow(self) -> bool:
        """Whether the latency is worth a word."""
        return self.latency_s > SLOW * self.latency_promotion_s

    @property
    def reason(self) -> str:
        """Why there is an alarm; empty where there is none."""
        if self.since is None:
            return ""
        moved = [_moved(figure) for figure in self.figures if figure.drifted]
        what = "; ".join(moved) or "tonight's figures are back"
        return f"{self.core} does worse than when {self.model} version {self.version} was promoted: {what}"

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {"drift": self.since is not None, "new": self.is_new, "reason": self.reason}


class NightLedger(Ledger):
    """A ledger that asks the core anew, for `draw`: the same draw is the same night. Each task has calls of its own."""

    draw = 0

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._asked = Counter[str]()

    def _samples(
        self, role: str, prefix: str, prompts: Sequence[str], samples: Sequence[int] | None
    ) -> Sequence[int] | None:
        return [self._sample(prefix + prompt) for prompt in prompts] if role == "core" else samples

    def _sample(self, text: str) -> int:
        self._asked[text] += 1
        return self.draw + self._asked[text] - 1


def run(today: Params, size: int | None = None) -> Night:
    """One night; `size` tasks in place of `canary.tasks`.

    Raises:
        DataError: there is no champion, or none of its tasks is there any more.
        RegistryError: the champion is damaged, has no outcomes, or is not for the core in use.
        BudgetReached, CallsFailed: the night is not over; the same command goes on.
    """
    name = today.promote.model_name
    champion = tracking.get_alias(name, "champion")
    if champion is None:
        raise DataError(f"{name} has no champion to watch: run `dvc repro`, or `exectune promote`")
    reference = registry.check(name, champion, today).filter(pl.col("arm") == "rl")
    settings = settings_of(name, champion)
    tasks = sample(reference, size or today.canary.tasks, settings.seed)
    models.check(settings)
    try:
        night = _watch(settings, champion, reference, tasks)
    except UserError as error:
        said = str(error).replace("`dvc repro`", "`exectune canary`")
        raise type(error)(said.replace("budgets.run_usd", "canary.max_usd")) from None
    if night.since is not None and registry.DRIFT not in champion.tags:  # the first reason stays
        tracking.set_tags(name, champion.number, {registry.DRIFT: night.reason})
    RESULT.parent.mkdir(exist_ok=True)
    temporary = RESULT.with_suffix(".tmp")
    temporary.write_text(json.dumps(night.record(), indent=2) + "\n", encoding="utf-8")
    temporary.rename(RESULT)
    return night


def settings_of(name: str, champion: Version) -> Params:
    """What the champion was made with, and of params.yaml where models are and what they may cost."""
    path = tracking.fetch_settings(name, champion.number)
    made, content = params.read(path), params.read(Path("params.yaml"))
    changes = {section: made[section] for section in KEPT | {"seed"}}
    changes["evaluate"] = {"max_new_tokens": made["evaluate"]["max_new_tokens"]}
    params.merge(content, changes)
    return params.check(content, f"the settings of {name} version {champion.number}")


def sample(reference: pl.DataFrame, size: int, seed: int) -> list[Task]:
    """Tasks that have an outcome at promotion and are still there, by a hash: a larger sample holds a smaller one.

    Raises:
        DataError: none is there any more.
    """
    measured = dict(reference.filter(pl.col("error").is_null()).select("task_id", "question").rows())
    there = [
        task for split in EVALUATED for task in read_all(split) if measured.get(task.id) == task.question
    ]
    if not there:
        raise DataError(
            "the champion's tasks are not in artifacts/prepare any more, so nothing can be compared: bring them back "
            "(`git checkout COMMIT data.dvc && dvc repro prepare`), or train on the new ones (`dvc repro`)"
        )
    return sorted(there, key=lambda task: hashlib.sha256(f"{seed} {task.id}".encode()).digest())[:size]


def _watch(settings: Params, champion: Version, reference: pl.DataFrame, tasks: list[Task]) -> Night:
    last = tracking.last_finished(TAG, champion.run_id)
    before = pl.read_parquet(tracking.fetch_artifact(last.id, NIGHTS)) if last else None
    number = 1 if before is None else int(before.select(pl.col("night").max()).item()) + 1
    name = settings.promote.model_name
    with tracking.stage_run("canary", params.flat(settings)) as this:
        tracking.tag_run({TAG: champion.run_id, "canary.version": str(champion.number)})
        with NightLedger.open(
            ledger_place(),
            stage="canary",
            run_id=this.id,
            prices=models.prices(settings),
            budgets=Budgets(**settings.budgets.model_dump() | {"run_usd": settings.canary.max_usd}),
            budget_run=f"canary {champion.run_id} {number}",
        ) as ledger:
            ledger.draw = _draw(champion, number)
            try:
                guided = policy.load(settings, tracking.fetch_adapter(name, champion.number), ledger)
                outcomes = to_frame(guided.run(tasks, arm="rl", run_id=this.id))
            finally:
                tracking.log_ledger(ledger, this.id)
            paid = ledger.totals(run_id=this.id, paid=True)["usd"].sum()
        rows = _rows(outcomes, number)
        nights = rows if before is None else pl.concat([before, rows])
        night = judge(
            nights,
            reference,
            limit=len(WATCHED) / settings.canary.false_alarm_rate,
            model=name,
            version=champion.number,
            core=guided.core.name,
            tasks=len(tasks),
            usd_paid=float(paid),
        )
        with tempfile.TemporaryDirectory() as folder:
            write_frame(nights, Path(folder) / NIGHTS)
            tracking.log_artifact(Path(folder) / NIGHTS)
        tracking.log_metrics(_metrics(night), step=number)
    return night


def judge(nights: pl.DataFrame, reference: pl.DataFrame, *, limit: float, **known: Any) -> Night:
    """What the nights say; `limit` is the evidence that is an alarm, `known` the other fields of a `Night`."""
    promotion = _rows(reference, 0).filter(pl.col("task_id").is_in(nights["task_id"].unique().to_list()))
    rows = pl.concat([promotion, nights])
    evidence = {
        "executability": canary.evidence(_matrix(rows, ~pl.col("executability"))),
        "accuracy": canary.evidence(_matrix(rows, ~pl.col("accuracy"))),
        "usd": canary.evidence(_matrix(rows, pl.col("usd")), amounts=True),
    }
    number = int(rows.select(pl.col("night").max()).item())
    tonight = rows.filter(pl.col("night") == number)
    usual = promotion.filter(pl.col("task_id").is_in(tonight["task_id"].to_list()))
    alarms = [
        night for night in range(1, number + 1) if max(e[night - 1] for e in evidence.values()) >= limit
    ]
    history = [
        {"night": night, "at": part["at"][0], "tasks": part.height}
        | {name: _mean(part, name) for name in (*WATCHED, "latency_s")}
        | {"evidence": max(e[night - 1] for e in evidence.values()) if night else 1.0}
        for (night,), part in rows.group_by("night", maintain_order=True)
        if isinstance(night, int)
    ]
    return Night(
        night=number,
        failed=known["tasks"] - tonight.height,
        figures=tuple(_figure(name, tonight, usual, evidence[name][-1], limit) for name in WATCHED),
        limit=limit,
        since=alarms[0] if alarms else None,
        latency_s=_mean(tonight, "latency_s"),
        latency_promotion_s=_mean(usual, "latency_s"),
        history=history,
        **known,
    )


def _figure(name: str, tonight: pl.DataFrame, usual: pl.DataFrame, evidence: float, limit: float) -> Figure:
    rate = wilson(int(tonight[name].sum()), tonight.height) if name != "usd" else None
    return Figure(
        name=name,
        tonight=_mean(tonight, name),
        low=rate.low if rate else None,
        high=rate.high if rate else None,
        promotion=_mean(usual, name),
        evidence=evidence,
        drifted=evidence >= limit,
    )


def _rows(outcomes: pl.DataFrame, night: int) -> pl.DataFrame:
    """What is kept of a night: the tasks whose calls did not fail."""
    at = datetime.now(UTC).isoformat(timespec="seconds") if night else "promotion"
    columns = ("task_id", "executability", "accuracy", "usd", "latency_s")
    return scored(outcomes).select(
        pl.lit(night, pl.Int64).alias("night"), pl.lit(at, pl.String).alias("at"), *columns
    )


def _matrix(rows: pl.DataFrame, value: pl.Expr) -> canary.Floats:
    """A row a night, from promotion on, and a column a task; NaN where there is no outcome."""
    wide = rows.select("night", "task_id", value=value.cast(pl.Float64)).pivot(
        "task_id", index="night", values="value"
    )
    return np.asarray(wide.sort("night").drop("night").fill_null(float("nan")).to_numpy(), dtype=float)


def _mean(rows: pl.DataFrame, name: str) -> float:
    return float(np.mean(rows[name].to_numpy())) if rows.height else 0.0


def _draw(champion: Version, number: int) -> int:
    """A number of its own for each night of each champion, so that no other call has it."""
    return int(hashlib.sha256(f"canary {champion.run_id} {number}".encode()).hexdigest()[:7], 16)


def _moved(figure: Figure) -> str:
    if figure.name == "usd":
        return f"a task costs {figure.tonight:.6f} USD, {figure.promotion:.6f} at promotion"
    return f"{figure.name} is {figure.tonight:.1%}, {figure.promotion:.1%} at promotion"


def _metrics(night: Night) -> dict[str, float]:
    """The figures of a night's run."""
    found = {
        "night": float(night.night),
        "drift": float(night.since is not None),
        "latency_s": night.latency_s,
    }
    for figure in night.figures:
        found |= {figure.name: figure.tonight, f"evidence.{figure.name}": figure.evidence}
    return found
