"""Failures that all providers share: what an attempt without a reply is called, and which settings a model refuses."""

import logging
import re
from collections.abc import Iterable, Mapping

from exectune.errors import CallError

# How long to wait, by the header that says so and its unit in seconds; dates are not used by these providers.
PAUSES = {"retry-after-ms": 0.001, "x-amz-retry-after": 0.001, "retry-after": 1.0}
NUMBER = re.compile(r"\d+(?:\.\d+)?")
LOG = logging.getLogger(__name__)
# "`temperature` is deprecated for this model." "Unsupported parameter: 'stop' is not supported with this model."
REFUSED = re.compile(r"deprecated|unsupported|n[o']t support", re.IGNORECASE)
WRONG_ENDPOINT = {  # by what OpenSSL says: no other attempt helps
    "CERTIFICATE_VERIFY_FAILED": " - is it the right host, and one whose certificate is trusted here?",
    "WRONG_VERSION_NUMBER": " - does it speak http:// and not https://?",
}


class Refused:
    """The settings that a model does not take, learnt from its refusals, which cost nothing.

    Newer models take no temperature, and reasoning ones no stop either; which, no catalogue tells reliably.
    """

    def __init__(self, name: str) -> None:
        self._name, self._settings = name, set[str]()

    def __contains__(self, setting: str) -> bool:
        return setting in self._settings

    def learn(self, message: str, sent: Iterable[str]) -> CallError | None:
        """Where a refusal names one of the settings sent: leave it out from now on, and this is worth another try."""
        if not REFUSED.search(message):
            return None
        named = [setting for setting in sent if re.search(rf"\b{setting}\b", message)]
        if not named:
            return None
        for setting in named:
            if setting not in self._settings:
                self._settings.add(setting)
                LOG.warning(
                    "%s takes no %s: it is left out%s",
                    *(self._name, setting),
                    ", so that its replies are drawn its own way" if setting == "temperature" else "",
                )
        return CallError("transient", f"{one_line(message)} - asked again without it ({self._name})")


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
