"""The faults that the loopback server knows by name, and schedules of them.

A schedule takes the number of a request, from 0, and gives a fault's name or None.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.loopback.apis import Answer, Asked, error

Faults = Callable[[int], str | None]


@dataclass(frozen=True)
class HttpError:
    """An error that is answered with a status: on Bedrock, and on OpenAI."""

    bedrock: tuple[int, str]
    openai: tuple[int, str]
    message: str


MILLISECONDS = {"bedrock": "x-amz-retry-after", "openai": "retry-after-ms"}
BUSY = "Too many requests, please wait before trying again."
HTTP_ERRORS = {
    "429": HttpError((429, "ThrottlingException"), (429, "rate_limit_exceeded"), BUSY),
    "429_retry_after": HttpError((429, "ThrottlingException"), (429, "rate_limit_exceeded"), BUSY),
    "429_retry_after_ms": HttpError((429, "ThrottlingException"), (429, "rate_limit_exceeded"), BUSY),
    "quota": HttpError(
        (400, "ServiceQuotaExceededException"), (429, "insufficient_quota"), "Quota exceeded."
    ),
    "not_ready": HttpError((429, "ModelNotReadyException"), (503, "loading"), "The model is loading."),
    "408": HttpError((408, "ModelTimeoutException"), (408, "timeout"), "The model took too long."),
    "424": HttpError((424, "ModelErrorException"), (502, "bad_gateway"), "The model failed."),
    "500": HttpError((500, "InternalServerException"), (500, "server_error"), "Internal error."),
    "503": HttpError((503, "ServiceUnavailableException"), (503, "overloaded"), "Service unavailable."),
    "400": HttpError((400, "ValidationException"), (400, "invalid_request_error"), "The prompt is too long."),
    "401": HttpError((403, "UnrecognizedClientException"), (401, "invalid_api_key"), "Wrong key: {key}"),
    "403": HttpError((403, "AccessDeniedException"), (403, "permission_denied"), "No access to the model."),
    "404": HttpError((404, "ResourceNotFoundException"), (404, "model_not_found"), "No such model."),
    "policy": HttpError(
        (400, "ValidationException"),
        (400, "content_policy_violation"),
        "Blocked by our content filtering policy.",
    ),
}
DROPS = {"drop_before", "drop_after", "drop_within"}
ODD = {
    "html",
    "list",
    "null",
    "cut_json",
    "empty",
    "no_usage",
    "content_filter",
    "guardrail",
}  # 200, and no answer in it
ODD_JSON = {"list": b"[1]", "null": b"null"}
BILLED = {"drop_after", "drop_within", "slow", "cut_json", "empty", "no_usage", "content_filter", "guardrail"}
ALL = {*HTTP_ERRORS, *DROPS, *ODD, "slow"}
PASSING = (  # those that another attempt gets over
    "429",
    "429_retry_after",
    "500",
    "503",
    "drop_before",
    "drop_after",
    "slow",
    "html",
    "cut_json",
    "empty",
    "no_usage",
)


def never(number: int) -> str | None:
    """No faults."""
    return None


def in_turn(*names: str | None) -> Faults:
    """The first requests meet these, in this order; None is no fault. Those after them meet none."""
    return lambda number: names[number] if number < len(names) else None


def always(name: str) -> Faults:
    """Every request meets this one."""
    return lambda _: name


def some(share: float, names: Sequence[str] = PASSING, *, seed: int = 0) -> Faults:
    """A share of all requests meets one of these, drawn by the request's number: the same in every run."""

    def schedule(number: int) -> str | None:
        draw = random.Random(f"{seed} {number}")
        return draw.choice(names) if draw.random() < share else None

    return schedule


def http_error(name: str, asked: Asked, retry_after_s: float) -> Answer:
    """The answer that such a fault is. A wrong key is answered with the key, as careless servers do."""
    fault = HTTP_ERRORS[name]
    status, code = fault.bedrock if asked.api == "bedrock" else fault.openai
    headers: tuple[tuple[str, str], ...] = ()
    if name == "429_retry_after":
        headers = (("Retry-After", f"{retry_after_s:g}"),)
    elif name == "429_retry_after_ms":
        headers = ((MILLISECONDS[asked.api], f"{retry_after_s * 1000:.0f}"),)
    message = fault.message.format(key=asked.headers.get("authorization", ""))
    return error(asked.api, status, code, message, headers)
