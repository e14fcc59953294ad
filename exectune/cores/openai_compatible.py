"""OpenAICore: a model behind OpenAI's chat completions. One request in, one reply or `CallError` out.

OpenAI itself, or vLLM, llama.cpp's server, Ollama, a LiteLLM proxy: whatever speaks that API. Nothing is repeated here,
and the client's own retries are off, so that the ledger sees every attempt. The key is read from the environment and
stands nowhere else.
"""

import os
import time
from typing import Any
from urllib.parse import urlsplit

from exectune.cores.base import Reply, Sampling
from exectune.cores.failure import Refused, one_line, pause_s, unanswered, unreached, unreadable
from exectune.errors import CallError, CallKind, ConnectionSettingsError

NOT_SENT = ("ConnectError", "ConnectTimeout", "PoolTimeout")  # of the HTTP library, by name
SETTINGS = {"temperature", "stop", "seed", "max_tokens"}  # that a model may refuse, and do without
OWN_URL = "https://api.openai.com/v1"
NO_KEY = "none"  # servers of one's own ask for no key, but the client wants one
LIMIT, NEWER_LIMIT = "max_tokens", "max_completion_tokens"
STOP_REASONS = {"stop": "stop", "length": "length", "content_filter": "content_filter"}
ADVICE = {  # by the error's code, or else its status
    "insufficient_quota": " - the account has no credit left",
    "400": " - the model does not take one of these settings, or the prompt is too long",
    "401": " - is the key right that endpoints.openai.key_env names?",
    "403": " - this key may not use this model",
    "404": " - is the model's name right, and the path of endpoints.openai.url, mostly /v1?",
}
NO_CREDIT = ("insufficient_quota", "billing_hard_limit_reached")  # a 429 that no waiting helps
GAVE_UP = (408, 504)  # the server, or a proxy before it, waited no longer: the model was at work


class OpenAICore:
    """An `Endpoint`; see `exectune.cores.base`."""

    def __init__(
        self, model: str, *, base_url: str | None = None, api_key_env: str = "OPENAI_API_KEY"
    ) -> None:
        """`base_url` ends in /v1; None is OPENAI_BASE_URL or OpenAI.

        Raises:
            ConnectionSettingsError: no key, or a URL that is none.
        """
        from openai import OpenAI

        self.name, url, elsewhere = named(model, base_url)
        self._key = _key(api_key_env)
        if not self._key and not elsewhere:
            raise ConnectionSettingsError(f"no key for OpenAI: set {api_key_env} in the environment")
        self.model = model
        # Servers of one's own know `max_tokens`; OpenAI's newer models only take its successor.
        self._limit = LIMIT if elsewhere else NEWER_LIMIT
        self._without = Refused(self.name)
        # What OpenAI logs; what vLLM and most proxies take over as the request's id.
        self._attempt_header = "X-Request-Id" if elsewhere else "X-Client-Request-Id"
        self._client = OpenAI(api_key=self._key or NO_KEY, base_url=url, max_retries=0)

    def send(self, prefix: str, prompt: str, sampling: Sampling, *, attempt: str, timeout_s: float) -> Reply:
        """One request; `timeout_s` holds for the connection and for each wait for more of the reply."""
        import openai

        request = self._request(prefix, prompt, sampling)
        started = time.perf_counter()
        try:
            raw = self._client.chat.completions.with_raw_response.create(
                **request,
                timeout=timeout_s,
                extra_headers={self._attempt_header: attempt},
            )
            answer = raw.http_response.json()
        except openai.APIStatusError as error:
            raise self._refused(error, request) from None
        except openai.APIConnectionError as error:
            cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
            named = unreached if type(cause).__name__ in NOT_SENT else unanswered
            raise named(cause, self.name) from None
        except (openai.OpenAIError, ValueError) as error:
            raise unreadable(f"200 without JSON: {self._line(str(error))}", self.name) from None
        return self._reply(answer, sampling, time.perf_counter() - started)

    def _request(self, prefix: str, prompt: str, sampling: Sampling) -> dict[str, Any]:
        system = [{"role": "system", "content": prefix}] if prefix else []
        request: dict[str, Any] = {
            "model": self.model,
            "messages": [*system, {"role": "user", "content": prompt}],
            NEWER_LIMIT if LIMIT in self._without else self._limit: sampling.max_new_tokens,
        }
        settings: dict[str, Any] = {"temperature": sampling.temperature}
        if sampling.stop:
            settings["stop"] = [sampling.stop]
        if sampling.temperature > 0:
            settings["seed"] = sampling.seed
        return request | {name: value for name, value in settings.items() if name not in self._without}

    def _reply(self, answer: Any, sampling: Sampling, seconds: float) -> Reply:
        try:
            choice, usage = answer["choices"][0], answer["usage"]
            text = str(choice["message"].get("content") or "")
            refusal = choice["message"].get("refusal")
            stop_reason = "content_filter" if refusal else STOP_REASONS[choice["finish_reason"]]
            cached = int((usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0)
            tokens_in, tokens_out = int(usage["prompt_tokens"]) - cached, int(usage["completion_tokens"])
            if min(tokens_in, tokens_out, cached) < 0:
                raise ValueError(f"usage {usage}")
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise unreadable(
                f"no {error}" if isinstance(error, KeyError) else repr(error), self.name
            ) from None
        at_stop = bool(
            choice.get("stop_reason")
        )  # vLLM names the stop string here: the text may end before it begins
        if not text.strip() and stop_reason == "stop" and not at_stop:
            raise unreadable("the text is empty", self.name)
        text = text.split(sampling.stop)[0] if sampling.stop else text
        return Reply(text, tokens_in, tokens_out, seconds, tokens_cache_read=cached, stop_reason=stop_reason)

    def _refused(self, error: Any, request: dict[str, Any]) -> CallError:
        """What an answer with an error status means."""
        status, code = error.status_code, str(error.code or "")
        kind = _kind(status, code)
        message = str(error.body.get("message") or "") if isinstance(error.body, dict) else ""
        if status == 400 and (again := self._without.learn(self._line(message), SETTINGS & request.keys())):
            return again
        hint = ADVICE.get(code, ADVICE.get(str(status), "")) if kind == "fatal" else ""
        return CallError(
            kind,
            self._line(f"{status} {code} {message}") + f"{hint} ({self.name})",
            retry_after_s=pause_s(error.response.headers),
            billed=status in GAVE_UP,
        )

    def _line(self, text: str) -> str:
        """One line for a user, without the key that a careless server repeats."""
        return one_line(text.replace(self._key, "…") if self._key else text)


def _kind(status: int, code: str) -> CallKind:
    if code in NO_CREDIT:
        return "fatal"
    if status == 429:
        return "throttled"
    if status >= 500 or status in (408, 409):
        return "transient"
    return "refused" if status == 400 and code.startswith("content_") else "fatal"


def named(model: str, base_url: str | None) -> tuple[str, str, str]:
    """The model's name in the ledger, its URL, and where that is if it is not OpenAI's own.

    Raises:
        ConnectionSettingsError: a URL that is none.
    """
    url = base_url or os.environ.get("OPENAI_BASE_URL") or OWN_URL
    elsewhere = _elsewhere(url)
    return f"openai{elsewhere}/{model}", url, elsewhere


def _elsewhere(url: str) -> str:
    """`@host:port` where an endpoint is not OpenAI's own: a model of that name may be another one there."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConnectionSettingsError(
            f"endpoints.openai.url is {url!r}: set it to http:// or https://, the host, and mostly /v1"
        )
    if parts.hostname.endswith(".openai.com"):
        return ""
    return f"@{parts.hostname}:{port}" if port else f"@{parts.hostname}"


def _key(variable: str) -> str:
    key = os.environ.get(variable, "").strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConnectionSettingsError(f"{variable} holds no key: there are spaces or other characters inside")
    return key
