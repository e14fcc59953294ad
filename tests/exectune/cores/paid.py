"""Paid cores of both kinds, against a server on loopback, with secrets that are none."""

from typing import Any

import pytest

from exectune.cores.base import Endpoint, Reply, Sampling
from exectune.cores.bedrock import BedrockCore
from exectune.cores.openai_compatible import OpenAICore
from exectune.errors import CallError
from tests.loopback.server import Loopback

HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
SAMPLING = Sampling(max_new_tokens=16)
KEY = "sk-hard-to-guess"
SECRETS = {
    "AWS_ACCESS_KEY_ID": "AKIAHARDTOGUESS",
    "AWS_SECRET_ACCESS_KEY": "hard-to-guess",
    "AWS_SESSION_TOKEN": "token-hard-to-guess",
}


def bedrock(server: Loopback, model: str = HAIKU, **settings: Any) -> BedrockCore:
    """The server as Bedrock."""
    return BedrockCore(model, region="us-east-1", endpoint_url=server.url, **({"timeout_s": 5.0} | settings))


def openai(server: Loopback, **settings: Any) -> OpenAICore:
    """The server as an OpenAI-compatible one."""
    return OpenAICore("qwen3", base_url=f"{server.url}/v1", **settings)


def send(
    endpoint: Endpoint,
    prompt: str = "6 * 7?",
    sampling: Sampling = SAMPLING,
    prefix: str = "",
    timeout_s: float = 5.0,
) -> Reply:
    """One attempt."""
    return endpoint.send(prefix, prompt, sampling, attempt="attempt-1", timeout_s=timeout_s)


def failure(endpoint: Endpoint, timeout_s: float = 5.0) -> CallError:
    """Why one attempt brings no reply."""
    with pytest.raises(CallError) as caught:
        send(endpoint, timeout_s=timeout_s)
    return caught.value
