"""Failures that all providers share: what an attempt that brought no reply is called."""

import re
from collections.abc import Mapping

from exectune.errors import CallError

# How long to wait, by the header that says so and its unit in seconds; dates are not used by these providers.
PAUSES = {"retry-after-ms": 0.001, "x-amz-retry-after": 0.001, "retry-after": 1.0}
NUMBER = re.compile(r"\d+(?:\.\d+)?")
WRONG_ENDPOINT = {  # by what OpenSSL says: no other attempt helps
    "CERTIFICATE_VERIFY_FAILED": " - is it the right host, and one whose certificate is trusted here?",
    "WRONG_VERSION_NUMBER": " - does it speak http:// and not https://?",
}


def unreached(error: Exception, name: str, *, billed: bool = False) -> CallError:
    """The connection did not come about; `billed` where that is not certain."""
    text = f"{type(error).__name__}: {one_line(str(error))}"
    for sign, hint in WRONG_ENDPOINT.items():
        if sign in text:
            return CallError("fatal", f"{text}{hint} ({name})")
    return CallError("transient", f"{text} ({name})", billed=billed)


def unanswered(error: Exception, name: str) -> CallError:
    """It was sent, and no reply came: it may have been billed."""
    return CallError("transient", f"{type(error).__name__}, no reply ({name})", billed=True)


def unreadable(what: str, name: str) -> CallError:
    """A success by its status that makes no sense: it may have been billed."""
    return CallError("invalid", f"the reply is no answer: {one_line(what)} ({name})", billed=True)


def pause_s(headers: Mapping[str, str]) -> float | None:
    """What the provider asks to wait."""
    for name, unit in PAUSES.items():
        if NUMBER.fullmatch(value := headers.get(name, "")):
            return float(value) * unit
    return None


def one_line(text: str) -> str:
    """The beginning of a text, on one line."""
    return " ".join(text.split())[:300]
