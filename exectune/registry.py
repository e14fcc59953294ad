"""Registry: which version of the guide is in use, and how that changes.

MLflow's aliases say it: `champion` is in use, `previous` was in use before, `challenger` is the newest. A version
appears with all that belongs to it, and `champion` moves to one only after its adapter was read and found whole.

A change of champion is three writes, and MLflow has no transaction over them. In this order a process may be killed
between any two of them:

    1. tags of the new champion: who, when, why, and `champion_before`, whom it follows
    2. `previous` → the champion
    3. `champion` → the new one: this is the change

Before 3 nothing has changed for whoever asks for the champion. Between 2 and 3 both aliases name one version, which
is told from every proper state; whoever comes next puts `previous` back to what the champion's own tag says. One at a
time: all of it happens under a lock in the working folder, which ends with its process.
"""

import hashlib
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import psutil
from filelock import FileLock, Timeout

from exectune import tracking
from exectune.errors import DataError, RegistryError
from exectune.gate import Check, comparable, decide
from exectune.params import Params
from exectune.tracking import Version

LOCK = Path(".exectune/registry.lock")
WAIT_S = 60
ANEW = "`dvc repro --force --single-item promote` registers a new one"
DRIFT = "drift"  # tag of a champion whose core has become worse: since when, and in what
OUTCOMES = "outcomes.parquet"  # the evaluation that a version was measured by, an artifact of its run


@dataclass(frozen=True)
class Verdict:
    """What the gate says: every bound, and a note where challenger and champion cannot be compared."""

    checks: Mapping[str, Check]
    note: str

    @property
    def passed(self) -> bool:
        """Whether the challenger may become champion."""
        return not self.note and all(check.passed for check in self.checks.values())


def promote(params: Params, number: int | None = None, *, force: bool = False, reason: str = "") -> str:
    """Make a version champion, the challenger unless a number is given; a line that says what is now.

    Args:
        force: although the gate refuses. A version that is damaged, without figures, or measured on another core
            than the one in use, is refused all the same.

    Raises:
        RegistryError: there is no such version, or it may not become champion. Aliases stay as they are.
    """
    name = params.promote.model_name
    with locked():
        champion, version = settled_champion(name), _chosen(name, number)
        if champion is not None and champion.number == version.number:
            return f"{name}: version {version.number} is champion already"
        outcomes = check(name, version, params)
        verdict = judge(outcomes, champion, params)
        if not verdict.passed and not force:
            raise RegistryError(
                f"{name} version {version.number} does not pass the gate: {_why_not(verdict)}. `exectune promote "
                f"--version {version.number} --force --reason TEXT` promotes it all the same"
            )
        gate = "" if verdict.passed else f" (forced: {_why_not(verdict)})"
        move(name, version, champion, (reason or "it passes the gate") + gate)
    return (
        f"{name}: version {version.number} is champion, previous is {champion.number if champion else 'none'}"
    )


def rollback(params: Params, *, reason: str = "") -> str:
    """Make the previous champion champion again, and the other way round; a line that says what is now.

    Raises:
        RegistryError: there is none, or it may not become champion. Aliases stay as they are.
    """
    name = params.promote.model_name
    with locked():
        champion, version = settled_champion(name), tracking.get_alias(name, "previous")
        if version is None:
            raise RegistryError(
                f"{name} has no previous champion to go back to; {_numbers(name)}. "
                "`exectune promote --version N` takes any that passes"
            )
        check(name, version, params)
        move(name, version, champion, reason or "rolled back")
        if champion is not None:
            tracking.set_tags(name, champion.number, _signed("rolled_back", reason or "no reason given"))
    return f"{name}: version {version.number} is champion again, previous is {champion.number if champion else 'none'}"


@contextmanager
def locked() -> Iterator[None]:
    """One change of the registry at a time in a working folder.

    Raises:
        RegistryError: another one has taken a minute.
    """
    LOCK.parent.mkdir(exist_ok=True)
    try:
        with FileLock(LOCK, timeout=WAIT_S):
            yield
    except Timeout:
        raise RegistryError(
            f"another process has been changing the registry for {WAIT_S} s (it holds {LOCK}): wait for it, or end it"
        ) from None


def settled_champion(name: str) -> Version | None:
    """The champion; a change that was killed half-way is taken back first. Call it under the lock."""
    champion, previous = (tracking.get_alias(name, alias) for alias in ("champion", "previous"))
    if champion is not None and previous is not None and previous.number == champion.number:
        before = champion.tags.get("champion_before", "none")
        known = {str(version.number) for version in tracking.versions(name)} - {str(champion.number)}
        if before in known:
            tracking.set_alias(name, "previous", int(before))
        else:
            tracking.delete_alias(name, "previous")
    return champion


def judge(outcomes: pl.DataFrame, champion: Version | None, params: Params) -> Verdict:
    """The gate's word on a version with these outcomes, against the core alone and against the champion, unless the
    canary found that the champion's core has changed since."""
    mine, alone = _arm(outcomes, "rl"), _arm(outcomes, "core")
    others, note = {"core": alone}, ""
    # With that tag a champion's figures are those of a core that is gone.
    if champion is not None and DRIFT not in champion.tags:
        try:
            theirs = _arm(pl.read_parquet(tracking.fetch_artifact(champion.run_id, OUTCOMES)), "rl")
        except DataError:
            note = f"champion {champion.number} has no figures to compare with"
        else:
            if comparable(mine, theirs):
                others["champion"] = theirs
            else:
                note = (
                    f"champion {champion.number} was measured on other tasks or with another core, so the two cannot "
                    f"be compared"
                )
    return Verdict(decide(mine, others, params.promote, params.seed), note)


def check(name: str, version: Version, params: Params) -> pl.DataFrame:
    """The outcomes of a version that is whole and made for the core in use.

    Raises:
        RegistryError: it was measured on another core, has no figures, or its adapter is damaged.
    """
    title, core = f"{name} version {version.number}", version.tags.get("core", "unknown")
    if core != params.models.core:
        raise RegistryError(
            f"{title} was measured on the core {core}, and params.yaml has models.core: {params.models.core}. A guide "
            f"is good for its own core only: set that one, or train a guide for the other (`dvc repro`)"
        )
    check_adapter(name, version)
    try:
        return pl.read_parquet(tracking.fetch_artifact(version.run_id, OUTCOMES))
    except (DataError, pl.exceptions.PolarsError) as error:
        raise RegistryError(f"{title} has no figures to judge it by: {error}. {ANEW}") from None


def check_adapter(name: str, version: Version) -> None:
    """Read a version's adapter and compare it with what was registered.

    Raises:
        RegistryError: it is missing or damaged.
    """
    title = f"{name} version {version.number}"
    try:
        adapter = tracking.fetch_adapter(name, version.number)
    except DataError as error:
        raise RegistryError(f"{title} is not whole: {error}. {ANEW}") from None
    found, made = digest(adapter), version.tags.get("adapter_sha256")
    if not found or found != (made or found):
        has = f"the hash {found[:12]}, and was registered with {(made or '')[:12]}" if found else "no weights"
        raise RegistryError(f"{title} is damaged: its adapter has {has}. {ANEW}")


def digest(adapter: Path) -> str:
    """The SHA-256 of an adapter's weights; empty where they are missing."""
    weights = adapter / "adapter_model.safetensors"
    if not weights.is_file():
        return ""
    with weights.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def move(name: str, version: Version, champion: Version | None, reason: str) -> None:
    """Make a version champion in place of another; see the module's text for the order. Call it under the lock."""
    before = {"champion_before": str(champion.number) if champion else "none"}
    tracking.set_tags(name, version.number, _signed("champion", reason) | before)
    if champion is not None:
        tracking.set_alias(name, "previous", champion.number)
    tracking.set_alias(name, "champion", version.number)


def _chosen(name: str, number: int | None) -> Version:
    version = tracking.get_alias(name, "challenger") if number is None else tracking.get_version(name, number)
    if version is None:
        asked = "challenger" if number is None else f"version {number}"
        raise RegistryError(f"{name} has no {asked}; {_numbers(name)}")
    return version


def _numbers(name: str) -> str:
    numbers = [str(version.number) for version in tracking.versions(name)]
    return f"versions: {', '.join(numbers)}" if numbers else "it has no versions yet: run `dvc repro`"


def _why_not(verdict: Verdict) -> str:
    failed = [
        f"{name} {check.value:.4f}, limit {check.limit:g}"
        for name, check in verdict.checks.items()
        if not check.passed
    ]
    return "; ".join([*failed, *([verdict.note] if verdict.note else [])])


def _signed(what: str, reason: str) -> dict[str, str]:
    who = f"{psutil.Process().username()}@{socket.gethostname()}"
    when = datetime.now(UTC).isoformat(timespec="seconds")
    return {f"{what}_by": who, f"{what}_at": when, f"{what}_why": reason}


def _arm(outcomes: pl.DataFrame, arm: str) -> pl.DataFrame:
    return outcomes.filter(pl.col("arm") == arm)
