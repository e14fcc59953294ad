"""BedrockCore: a model on Amazon Bedrock, through boto3's `converse`. One request in, one reply or `CallError` out.

Nothing is repeated here, and botocore's own retries are off: they would send again what may have been billed, unseen by
the ledger. Region, profile and keys come from the environment as with every AWS tool, or region and profile from
params.yaml.
"""

import os
import re
import time
from typing import Any

from exectune.cores.aws import BEARER, connect, elsewhere
from exectune.cores.base import Reply, Sampling
from exectune.cores.failure import Refused, one_line, pause_s, unanswered, unreached, unreadable
from exectune.errors import CallError, CallKind

# Tokens that a prefix has to have before the provider caches it, by what a model's id holds, the first that fits. Below
# it a cache point saves nothing; older Claude models and other makers' refuse one. Source: Amazon Bedrock user guide,
# "Prompt caching".
CACHE_MINIMUM = {
    "claude-haiku-4-5": 4096,
    "claude-opus-4-5": 4096,
    "claude-opus-4-6": 4096,
    "claude-3-5-haiku": 2048,
    "claude-3-7-sonnet": 1024,
    "claude-sonnet-4": 1024,
    "claude-opus-4": 1024,
}
CHARACTERS_A_TOKEN = 4  # of English, about; only to judge whether a prefix is long enough
SETTINGS = {"temperature", "stopSequences"}  # that a model may refuse, and do without
KINDS: dict[str, CallKind] = {
    "ThrottlingException": "throttled",
    "TooManyRequestsException": "throttled",
    "ServiceQuotaExceededException": "throttled",
    "ModelTimeoutException": "transient",
    "ModelErrorException": "transient",
    "ModelNotReadyException": "transient",
    "InternalServerException": "transient",
    "ServiceUnavailableException": "transient",
}
ADVICE = {
    "AccessDeniedException": " - ask for access to the model in this account and region",
    "ResourceNotFoundException": " - is the model offered in this region? Some need an inference profile: us.MODEL",
    "ValidationException": " - is the model id right, and offered in this region?",
    "UnrecognizedClientException": " - the credentials are not valid",
    "ExpiredTokenException": " - the credentials have expired: run `aws sso login`",
}
STOP_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "guardrail_intervened": "guardrail",
    "content_filtered": "content_filter",
}
# What an answer holds where it repeats the request's headers.
SECRET = re.compile(r"(Bearer |Credential=|Signature=)[^\s,]+")


class BedrockCore:
    """An `Endpoint`; see `exectune.cores.base`."""

    def __init__(
        self,
        model: str,
        *,
        region: str | None = None,
        profile: str | None = None,
        endpoint_url: str | None = None,
        timeout_s: float = 60.0,
        max_connections: int = 64,
        cache_minimum: int | None = None,
    ) -> None:
        """`model` is a model id, an inference profile or its ARN. `timeout_s` holds for every attempt.

        `cache_minimum`, in tokens, is for a model whose id does not tell it: an application inference profile.

        Raises:
            ConnectionSettingsError: no credentials, no region, no such profile.
        """
        self.model = model
        self._client = connect(region, profile, endpoint_url, timeout_s, max_connections)
        self.name = f"bedrock{elsewhere(self._client.meta.endpoint_url)}/{model}"
        self._without = Refused(self.name)
        known = (least for part, least in CACHE_MINIMUM.items() if part in model)
        self._cache_minimum = cache_minimum or next(known, None)

    def send(self, prefix: str, prompt: str, sampling: Sampling, *, attempt: str, timeout_s: float) -> Reply:
        """One request. botocore's time-out is the client's, so `timeout_s` is not told to it."""
        from botocore import exceptions
        from botocore.parsers import ResponseParserError

        del timeout_s
        request = self._request(prefix, prompt, sampling, attempt)
        started = time.perf_counter()
        try:
            answer = self._client.converse(**request)
        except exceptions.ClientError as error:
            message = _line(error.response.get("Error", {}).get("Message") or "")
            sent = request["inferenceConfig"].keys() & SETTINGS
            raise self._without.learn(message, sent) or _refused(error, self.name) from None
        except exceptions.ParamValidationError as error:
            raise CallError("fatal", f"{_line(str(error))} ({self.name})") from None
        except exceptions.ConnectionError as error:  # TLS may also end after the request was sent
            billed = isinstance(error, exceptions.SSLError)
            raise unreached(error, self.name, billed=billed) from None
        except (exceptions.HTTPClientError, exceptions.IncompleteReadError) as error:
            # it was sent: a time-out, a connection that was closed
            raise unanswered(error, self.name) from None
        except exceptions.BotoCoreError as error:  # before it was sent: credentials that cannot be renewed
            advice = "renew the credentials, for example with `aws sso login`"
            raise CallError("fatal", f"{_line(str(error))}: {advice} ({self.name})") from None
        except (ResponseParserError, AttributeError, TypeError, ValueError):
            # botocore's parser, of JSON that is no object
            raise unreadable("200 without a Converse reply", self.name) from None
        return self._reply(answer, sampling, time.perf_counter() - started)

    def _request(self, prefix: str, prompt: str, sampling: Sampling, attempt: str) -> dict[str, Any]:
        inference: dict[str, Any] = {"maxTokens": sampling.max_new_tokens}
        if "temperature" not in self._without:
            inference["temperature"] = sampling.temperature
        # Stop sequences of white space are refused by all: the reply is cut instead.
        if sampling.stop.strip() and "stopSequences" not in self._without:
            inference["stopSequences"] = [sampling.stop]
        request: dict[str, Any] = {
            "modelId": self.model,
            "messages": [{"role": "user", "content": [{"text": prompt}]}],
            "inferenceConfig": inference,
            "requestMetadata": {"exectune_attempt": attempt},
        }
        if prefix:
            request["system"] = [{"text": prefix}]
            if self._cache_minimum and len(prefix) / CHARACTERS_A_TOKEN >= self._cache_minimum:
                request["system"].append({"cachePoint": {"type": "default"}})
        return request

    def _reply(self, answer: dict[str, Any], sampling: Sampling, seconds: float) -> Reply:
        try:
            usage, content = answer["usage"], answer["output"]["message"]["content"]
            text = "".join(block["text"] for block in content if "text" in block)  # not the reasoning
            stop_reason = STOP_REASONS[answer["stopReason"]]
            tokens_in, tokens_out = int(usage["inputTokens"]), int(usage["outputTokens"])
            read, written = (
                int(usage.get(key) or 0) for key in ("cacheReadInputTokens", "cacheWriteInputTokens")
            )
            if min(tokens_in, tokens_out, read, written) < 0:
                raise ValueError(f"usage {usage}")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise unreadable(
                f"no {error}" if isinstance(error, KeyError) else repr(error), self.name
            ) from None
        if not text.strip() and answer["stopReason"] == "end_turn":
            raise unreadable("the text is empty", self.name)
        return Reply(
            text.split(sampling.stop)[0] if sampling.stop else text,
            tokens_in,
            tokens_out,
            seconds,
            read,
            written,
            "stop" if stop_reason == "length" and sampling.stop and sampling.stop in text else stop_reason,
        )


def _refused(error: Any, name: str) -> CallError:
    """What an answer with an error status means; nothing was billed."""
    answer, response = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    code, message = answer.get("Code", ""), _line(answer.get("Message") or "")
    status = response.get("HTTPStatusCode", 0)
    by_status: CallKind = "throttled" if status == 429 else "transient" if status >= 500 else "fatal"
    kind = KINDS.get(code, by_status)
    if code == "ValidationException" and "content filter" in message.lower():
        kind = "refused"
    hint = ADVICE.get(code, "") if kind == "fatal" else ""
    return CallError(
        kind,
        f"{status} {code}: {message}{hint} ({name})",
        retry_after_s=pause_s(response.get("HTTPHeaders", {})),
        billed=code == "ModelTimeoutException",  # it was at work
    )


def _line(text: str) -> str:
    """One line for a user, without what a careless server repeats of the request's headers."""
    text = SECRET.sub(r"\1…", text)
    if token := os.environ.get(BEARER):
        text = text.replace(token, "…")
    return one_line(text)
