"""The two APIs that the loopback server speaks: requests read, replies and errors worded as each provider does.

Bedrock: `POST /model/{id}/converse`, errors as a status and the header `x-amzn-ErrorType`.
OpenAI: `POST /v1/chat/completions`, errors as a status and `{"error": {…}}`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

STOP_REASONS = {  # ours: Bedrock's, OpenAI's
    "end": ("end_turn", "stop"),
    "stop": ("stop_sequence", "stop"),
    "length": ("max_tokens", "length"),
    "content_filter": ("content_filtered", "content_filter"),
    "guardrail": ("guardrail_intervened", "content_filter"),
}
THOUGHT = {"reasoningContent": {"reasoningText": {"text": "Let me see."}}}  # stands before the text


@dataclass(frozen=True)
class Usage:
    """Tokens of one reply; here each word is one."""

    tokens_in: int = 0
    tokens_out: int = 0
    cache_read: int = 0
    cache_write: int = 0


@dataclass(frozen=True)
class Asked:
    """One request as it was understood; `body` and `headers` as they came."""

    api: str
    model: str
    system: str
    prompt: str
    stop: list[str]
    max_tokens: int
    attempt: str
    cache: bool  # the system prompt may be read from and written to the cache
    body: dict[str, Any]
    headers: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """A whole HTTP reply."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json"

    def wire(self) -> bytes:
        """As it goes over the wire."""
        lines = [f"HTTP/1.1 {self.status} X", f"Content-Type: {self.content_type}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines += [f"Content-Length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode() + self.body


def ask(path: str, headers: dict[str, str], raw: bytes) -> Asked | None:
    """The request, or None where no API has this path."""
    if path.startswith("/model/") and path.endswith("/converse"):
        model = unquote(path.removeprefix("/model/").removesuffix("/converse"))
        return _ask_bedrock(model, headers, json.loads(raw))
    if path == "/v1/chat/completions":
        return _ask_openai(headers, json.loads(raw))
    return None


def _ask_bedrock(model: str, headers: dict[str, str], body: dict[str, Any]) -> Asked:
    system, settings = body.get("system", []), body.get("inferenceConfig", {})
    return Asked(
        api="bedrock",
        model=model,
        system="".join(block.get("text", "") for block in system),
        prompt="".join(block["text"] for block in body["messages"][-1]["content"]),
        stop=settings.get("stopSequences", []),
        max_tokens=settings.get("maxTokens", 4096),
        attempt=body.get("requestMetadata", {}).get("exectune_attempt", ""),
        cache=any("cachePoint" in block for block in system),
        body=body,
        headers=headers,
    )


def _ask_openai(headers: dict[str, str], body: dict[str, Any]) -> Asked:
    by_role = {message["role"]: message["content"] for message in body["messages"]}
    stop = body.get("stop") or []
    system = by_role.get("system", "")
    return Asked(
        api="openai",
        model=body["model"],
        system=system,
        prompt=by_role["user"],
        stop=[stop] if isinstance(stop, str) else stop,
        max_tokens=body.get("max_completion_tokens") or body.get("max_tokens") or 4096,
        attempt=headers.get("x-client-request-id") or headers.get("x-request-id", ""),
        cache=len(system.split()) >= 1024,  # OpenAI caches by itself from here on
        body=body,
        headers=headers,
    )


def wrong(asked: Asked, refuses: Sequence[str] = ()) -> str:
    """What the provider would refuse in this request; empty where nothing. `refuses` are settings of a newer model."""
    settings = asked.body.get("inferenceConfig", {}) if asked.api == "bedrock" else asked.body
    for name in refuses:
        if name in settings:
            return (
                f"The model returned the following errors: `{name}` is deprecated for this model."
                if asked.api == "bedrock"
                else f"Unsupported parameter: '{name}' is not supported with this model."
            )
    if asked.api == "bedrock" and any(not stop.strip() for stop in asked.stop):
        return "stop_sequences: each stop sequence must contain non-whitespace"
    if not asked.prompt.strip():
        return "The text field in the ContentBlock object at messages.0.content.0 is blank."
    return ""


def reply(asked: Asked, text: str, usage: Usage | None, stop_reason: str = "end") -> dict[str, Any]:
    """The body of a 200."""
    bedrock, openai = STOP_REASONS[stop_reason]
    if asked.api == "bedrock":
        content = [THOUGHT, {"text": text}] if text else []
        body: dict[str, Any] = {
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": bedrock,
            "metrics": {"latencyMs": 1},
        }
        return body | ({"usage": _usage_bedrock(usage)} if usage else {})
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": asked.model,
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": openai},
        ],
    }
    return body | ({"usage": _usage_openai(usage)} if usage else {})


def _usage_bedrock(usage: Usage) -> dict[str, int]:
    counts = {"inputTokens": usage.tokens_in, "outputTokens": usage.tokens_out}
    if usage.cache_read or usage.cache_write:
        counts |= {"cacheReadInputTokens": usage.cache_read, "cacheWriteInputTokens": usage.cache_write}
    return counts | {"totalTokens": sum(counts.values())}


def _usage_openai(usage: Usage) -> dict[str, Any]:
    read = usage.tokens_in + usage.cache_read + usage.cache_write
    return {
        "prompt_tokens": read,
        "completion_tokens": usage.tokens_out,
        "total_tokens": read + usage.tokens_out,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read},
    }


def error(
    api: str, status: int, code: str, message: str, headers: tuple[tuple[str, str], ...] = ()
) -> Answer:
    """An HTTP error in the API's own shape."""
    if api == "bedrock":
        headers = (("x-amzn-ErrorType", code), *headers)
        return Answer(status, json.dumps({"message": message}).encode(), headers)
    body = {"error": {"message": message, "type": code, "param": None, "code": code}}
    return Answer(status, json.dumps(body).encode(), headers)
