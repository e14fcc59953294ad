"""Endpoints that answer by a rule, with faults on demand, for tests of what stands above them."""

import threading
import time
from collections.abc import Mapping, Sequence

from exectune.calls import Limits, PaidModel
from exectune.cores.base import Reply, Sampling
from exectune.errors import CallError
from exectune.prices import Price

PRICES = {"core": Price(1.0, 5.0)}
SAMPLING = Sampling(max_new_tokens=16)
FAULTS = {
    "429": CallError("throttled", "429 too many"),
    "429_retry_after": CallError("throttled", "429 too many", retry_after_s=0.2),
    "503": CallError("transient", "503 busy"),
    "drop_after": CallError("transient", "connection lost", billed=True),
    "html": CallError("invalid", "200 with HTML", billed=True),
    "refused": CallError("refused", "400 content policy"),
    "403": CallError("fatal", "403 no access to this model"),
}


class Answering:
    """Answers in capitals; `faults` by prompt are what its first attempts bring, `always` what every attempt brings."""

    name = "test/echo"

    def __init__(
        self,
        *,
        delay: float = 0.0,
        faults: Mapping[str, Sequence[str]] | None = None,
        always: str = "",
        reply: Reply | None = None,
    ) -> None:
        self.delay, self.always, self.reply = delay, always, reply
        self.faults = {prompt: list(names) for prompt, names in (faults or {}).items()}
        self.sent: list[str] = []
        self.attempts: list[str] = []
        self.times: list[float] = []
        self.in_flight = self.most_in_flight = 0
        self._lock = threading.Lock()

    def send(self, prefix: str, prompt: str, sampling: Sampling, *, attempt: str, timeout_s: float) -> Reply:
        with self._lock:
            self.sent.append(prompt)
            self.attempts.append(attempt)
            self.times.append(time.monotonic())
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            fault = self.always or (self.faults.get(prompt) or [""]).pop(0)
        time.sleep(self.delay)
        with self._lock:
            self.in_flight -= 1
        if fault:
            raise FAULTS[fault]
        return self.reply or Reply(prompt.upper(), 10, 5, self.delay)


def paid(endpoint: Answering, **limits: float) -> PaidModel:
    """The endpoint as a model, with short waits."""
    return PaidModel(endpoint, Limits(**({"longest_wait_s": 0.02} | limits)))  # type: ignore[arg-type]
