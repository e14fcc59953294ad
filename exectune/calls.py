"""Calls: how every paid model is called. In: an `Endpoint`, which makes one request. Out: a `Model`.

Many requests are in flight at once: their number grows while all goes well and is halved when the provider
throttles. A failed attempt is repeated, after what the provider asks for or else a random wait (full jitter), until its
attempts or its deadline are used up; every attempt is in the ledger before it goes out. When nothing but failures
comes back, the stage stops and says so.
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import SimpleQueue

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    sleep_using_event,
)
from tenacity.wait import wait_random_exponential

from exectune.cores.base import Call, Endpoint, Exchange, Reply, Result, Sampling
from exectune.errors import BudgetReached, CallError, CallsFailed

WORTH_ANOTHER = ("throttled", "transient", "invalid")
START = 32  # calls in flight at first
CALM_S = 1.0  # one halving for all the throttling of one moment
IN_A_ROW = 20  # failures, and nothing else, that stop a stage


@dataclass(frozen=True)
class Limits:
    """How a paid model is called."""

    concurrency: int = 32  # most calls in flight
    attempts: int = 6  # most attempts of a call
    timeout_s: float = 60.0  # of an attempt
    deadline_s: float = 300.0  # of a call, with all its attempts and waits
    max_failed_share: float = 0.05  # of the calls of one batch
    longest_wait_s: float = 30.0  # between two attempts


@dataclass
class Throttle:
    """How many calls may be in flight: one more for each reply, half as many after throttling."""

    most: int
    allowed: float = START
    _calm_until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.allowed = min(self.allowed, self.most)

    def clean(self) -> None:
        """A call went well."""
        with self._lock:
            if time.monotonic() >= self._calm_until:
                self.allowed = min(self.allowed + 1, self.most)

    def throttled(self) -> None:
        """The provider had too much of it."""
        with self._lock:
            now = time.monotonic()
            if now >= self._calm_until:
                self.allowed = max(self.allowed / 2, 1)
                self._calm_until = now + CALM_S


@dataclass(frozen=True)
class PaidModel:
    """An endpoint behind the `Model` protocol."""

    endpoint: Endpoint
    limits: Limits
    paid: bool = True

    @property
    def name(self) -> str:
        return self.endpoint.name

    def answer(self, exchange: Exchange, sampling: Sampling) -> None:
        """Work on the exchange's calls until it has no more.

        Raises:
            BudgetReached: after what was in flight is settled.
            CallsFailed: a failure that concerns all calls, or too many failures.
        """
        batch = Batch(self.endpoint, self.limits, exchange, sampling)
        with ThreadPoolExecutor(self.limits.concurrency) as pool:
            try:
                batch.run(pool)
            except BaseException:
                batch.stopping.set()  # nobody waits for another attempt
                pool.shutdown(wait=False, cancel_futures=True)
                raise


@dataclass
class Trying:
    """A call with its latest attempt, and what came of the one before."""

    call: Call
    error: CallError = field(default_factory=lambda: CallError("transient", "not tried"))


class Batch:
    """The calls of one exchange, on their way."""

    def __init__(self, endpoint: Endpoint, limits: Limits, exchange: Exchange, sampling: Sampling) -> None:
        self.endpoint, self.limits, self.exchange, self.sampling = endpoint, limits, exchange, sampling
        self.throttle = Throttle(limits.concurrency)
        self.stopping = threading.Event()
        self._done: SimpleQueue[tuple[Call, Result]] = SimpleQueue()
        self._stop_for: Exception | None = None
        self._answered = self._failed = self._failed_in_a_row = 0

    def run(self, pool: ThreadPoolExecutor) -> None:
        """Give out calls and settle what comes back, until neither is left."""
        in_flight = 0
        results: list[tuple[Call, Result]] = []
        while True:
            room = 0 if self._stop_for else max(int(self.throttle.allowed) - in_flight, 0)
            try:
                calls = self.exchange.swap(results, room)
            except BudgetReached as reached:
                assert in_flight == 0
                raise (self._stop_for or reached) from None
            for call in calls:
                pool.submit(self._work, call)
            in_flight += len(calls)
            if not in_flight:
                break
            results = self._wait()
            in_flight -= len(results)
            self._count(results)
        if self._stop_for:
            raise self._stop_for
        self._check_share()

    def _wait(self) -> list[tuple[Call, Result]]:
        """What has come back, at least one."""
        results = [self._done.get()]
        while not self._done.empty():
            results.append(self._done.get())
        return results

    def _work(self, call: Call) -> None:
        """One call with all its attempts, on a thread of its own."""
        trying = Trying(call)
        try:
            result: Result = self._attempts(trying)
        except CallError as error:
            result = error
        except BudgetReached as reached:  # the next attempt does not fit
            self._stop_for = self._stop_for or reached
            result = trying.error
        except Exception as error:  # a bug: the main thread raises it
            self._stop_for = error
            result = CallError("fatal", repr(error), billed=True)
        self._done.put((trying.call, result))

    def _attempts(self, trying: "Trying") -> Reply:
        ends = time.monotonic() + self.limits.deadline_s

        def too_late(state: RetryCallState) -> bool:
            return time.monotonic() + state.upcoming_sleep >= ends or self.stopping.is_set()

        def journal(state: RetryCallState) -> None:
            trying.error = _error_of(state)
            if trying.error.kind == "throttled":
                self.throttle.throttled()
            trying.call = self.exchange.again(trying.call, trying.error)

        def send() -> Reply:
            call, left = trying.call, max(ends - time.monotonic(), 0.1)
            timeout_s = min(self.limits.timeout_s, left)
            return self.endpoint.send(
                call.prefix, call.prompt, self.sampling, attempt=call.attempt, timeout_s=timeout_s
            )

        retrying = Retrying(
            retry=retry_if_exception(_worth_another),
            stop=lambda state: state.attempt_number >= self.limits.attempts or too_late(state),
            wait=self._pause,
            sleep=sleep_using_event(self.stopping),
            before_sleep=journal,
            reraise=True,
        )
        return retrying(send)

    def _pause(self, state: RetryCallState) -> float:
        """Seconds before the next attempt."""
        asked = _error_of(state).retry_after_s
        if asked is not None:
            return asked
        return wait_random_exponential(multiplier=0.5, max=self.limits.longest_wait_s)(state)

    def _count(self, results: list[tuple[Call, Result]]) -> None:
        for _, result in results:
            if isinstance(result, Reply):
                self._answered, self._failed_in_a_row = self._answered + 1, 0
                self.throttle.clean()
                continue
            self._failed, self._failed_in_a_row = self._failed + 1, self._failed_in_a_row + 1
            if result.kind == "fatal":
                self._stop_for = self._stop_for or CallsFailed(f"{self.endpoint.name}: {result}")
            elif self._failed_in_a_row == IN_A_ROW:
                self._stop_for = self._stop_for or CallsFailed(
                    f"{self.endpoint.name}: the last {IN_A_ROW} calls all failed, the last one with `{result}`. "
                    "What was answered is kept and is not paid again: run `dvc repro` when the provider answers"
                )

    def _check_share(self) -> None:
        """Stop where so many calls failed that the rest would tell little."""
        share, limit = self._failed / max(self._answered + self._failed, 1), self.limits.max_failed_share
        if self._failed > 1 and share > limit:
            raise CallsFailed(
                f"{self.endpoint.name}: {self._failed} of {self._answered + self._failed} calls failed, more than "
                f"calls.max_failed_share = {limit} allows. What was answered is kept and is not paid again: run "
                "`dvc repro` to ask the rest once more"
            )


def _worth_another(error: BaseException) -> bool:
    return isinstance(error, CallError) and error.kind in WORTH_ANOTHER


def _error_of(state: RetryCallState) -> CallError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, CallError)
    return error
