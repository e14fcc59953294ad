"""A real boto3 client against a server on loopback."""

import socket
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from exectune.cores.base import Reply, Sampling
from exectune.cores.bedrock import BedrockCore
from exectune.errors import CallError, ConnectionSettingsError
from tests.loopback.faults import HTTP_ERRORS, always
from tests.loopback.server import Loopback, says

HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
SAMPLING = Sampling(max_new_tokens=16)
SECRETS = {
    "AWS_ACCESS_KEY_ID": "AKIAHARDTOGUESS",
    "AWS_SECRET_ACCESS_KEY": "hard-to-guess",
    "AWS_SESSION_TOKEN": "token-hard-to-guess",
}
SETTINGS = ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK", "AWS_ENDPOINT_URL")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Credentials of a test, and nothing of the user's."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name))


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback(slow_s=1.0) as running:
        yield running


def core(server: Loopback, model: str = HAIKU, **settings: Any) -> BedrockCore:
    return BedrockCore(model, region="us-east-1", endpoint_url=server.url, **({"timeout_s": 5.0} | settings))


def send(
    endpoint: BedrockCore, prompt: str = "6 * 7?", sampling: Sampling = SAMPLING, prefix: str = ""
) -> Reply:
    return endpoint.send(prefix, prompt, sampling, attempt="attempt-1", timeout_s=5.0)


def failure(endpoint: BedrockCore) -> CallError:
    with pytest.raises(CallError) as caught:
        send(endpoint)
    return caught.value


def test_a_reply_comes_with_what_it_took(server: Loopback) -> None:
    server.answer = says("It is 42")
    reply = send(core(server), prefix="Be short.")
    assert reply == Reply("It is 42", 5, 3, reply.latency_s)
    assert 0 < reply.latency_s < 5


def test_the_request_is_what_converse_wants(server: Loopback) -> None:
    send(core(server), sampling=Sampling(16, 0.7, stop="</strategy>", seed=3), prefix="Be short.")
    (record,) = server.requests
    assert (record.asked.model, record.asked.attempt) == (HAIKU, "attempt-1")
    assert record.asked.body == {
        "system": [{"text": "Be short."}],
        "messages": [{"role": "user", "content": [{"text": "6 * 7?"}]}],
        "inferenceConfig": {"maxTokens": 16, "temperature": 0.7, "stopSequences": ["</strategy>"]},
        "requestMetadata": {"exectune_attempt": "attempt-1"},
    }


def test_without_a_prefix_there_is_no_system_prompt(server: Loopback) -> None:
    send(core(server))
    assert "system" not in server.requests[0].asked.body


def test_a_stop_of_white_space_is_not_sent_and_the_reply_is_cut(server: Loopback) -> None:
    server.answer = says("6 * 7\nand more")
    assert send(core(server)).text == "6 * 7"
    assert "stopSequences" not in server.requests[0].asked.body["inferenceConfig"]


def test_a_reply_that_reaches_its_limit_says_so_unless_the_stop_came_first(server: Loopback) -> None:
    server.answer = says("one two three")
    assert send(core(server), sampling=Sampling(2)).stop_reason == "length"
    server.answer = says("one\n two three")
    assert send(core(server), sampling=Sampling(2)).stop_reason == "stop"


@pytest.mark.parametrize(
    ("model", "tokens", "cached"),
    [
        (HAIKU, 4096, True),
        (HAIKU, 4095, False),
        ("anthropic.claude-3-5-haiku-20241022-v1:0", 2048, True),
        ("anthropic.claude-3-5-haiku-20241022-v1:0", 2047, False),
        ("eu.anthropic.claude-sonnet-4-5-20250929-v1:0", 1024, True),
        ("anthropic.claude-3-haiku-20240307-v1:0", 9000, False),
        ("meta.llama3-1-8b-instruct-v1:0", 9000, False),
    ],
)
def test_a_cache_point_stands_only_where_the_prefix_is_long_enough(
    server: Loopback, model: str, tokens: int, cached: bool
) -> None:
    send(core(server, model), prefix="four" * tokens)
    assert server.requests[0].asked.cache is cached


def test_tokens_of_the_cache_are_counted_apart(server: Loopback) -> None:
    endpoint = core(server, "arn:aws:bedrock:us-east-1:1:application-inference-profile/x", cache_minimum=10)
    prefix = "word " * 20
    first, second = (send(endpoint, prefix=prefix) for _ in range(2))
    assert (first.tokens_in, first.tokens_cache_write, first.tokens_cache_read) == (3, 20, 0)
    assert (second.tokens_in, second.tokens_cache_write, second.tokens_cache_read) == (3, 0, 20)


@pytest.mark.parametrize(
    ("fault", "kind", "billed"),
    [
        ("429", "throttled", False),
        ("quota", "throttled", False),
        ("not_ready", "transient", False),
        ("500", "transient", False),
        ("503", "transient", False),
        ("424", "transient", False),
        ("408", "transient", True),
        ("drop_before", "transient", True),
        ("drop_after", "transient", True),
        ("html", "invalid", True),
        ("list", "invalid", True),
        ("null", "invalid", True),
        ("cut_json", "invalid", True),
        ("drop_within", "invalid", True),
        ("empty", "invalid", True),
        ("no_usage", "invalid", True),
        ("policy", "refused", False),
        ("400", "fatal", False),
        ("401", "fatal", False),
        ("403", "fatal", False),
        ("404", "fatal", False),
    ],
)
def test_a_fault_is_named_and_sent_once(server: Loopback, fault: str, kind: str, billed: bool) -> None:
    server.faults = always(fault)
    error = failure(core(server))
    assert (error.kind, error.billed, error.retry_after_s) == (kind, billed, None)
    assert HAIKU in str(error)
    assert "\n" not in str(error)
    assert len(server.requests) == 1
    assert error.billed or not server.requests[0].billed, "what was billed is never called free"


def test_a_slow_reply_is_a_time_out_that_may_be_billed(server: Loopback) -> None:
    server.faults = always("slow")
    error = failure(core(server, timeout_s=0.2))
    assert (error.kind, error.billed) == ("transient", True)
    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", ["429_retry_after", "429_retry_after_ms"])
def test_what_the_provider_asks_to_wait_is_told(server: Loopback, fault: str) -> None:
    server.faults, server.retry_after_s = always(fault), 2.5
    assert failure(core(server)).retry_after_s == 2.5


def test_a_server_that_is_not_there_was_not_paid() -> None:
    with Loopback() as gone:
        pass
    error = failure(core(gone))
    assert (error.kind, error.billed) == ("transient", False)
    assert "Could not connect" in str(error)


def test_a_server_that_speaks_no_tls_is_a_wrong_endpoint(server: Loopback) -> None:
    endpoint = BedrockCore(HAIKU, endpoint_url=server.url.replace("http:", "https:"))
    error = failure(endpoint)
    assert (error.kind, error.billed) == ("fatal", False)
    assert "does it speak http:// and not https://?" in str(error)


def test_a_handshake_that_is_cut_is_worth_another_attempt() -> None:
    def hang_up(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(65536)

    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:
        pool.submit(hang_up, listening)
        url = f"https://127.0.0.1:{listening.getsockname()[1]}"
        assert failure(BedrockCore(HAIKU, endpoint_url=url)).kind == "transient"


@pytest.mark.parametrize("fault", ["content_filter", "guardrail"])
def test_a_filtered_reply_is_paid_and_named(server: Loopback, fault: str) -> None:
    server.faults = always(fault)
    reply = send(core(server))
    assert (reply.stop_reason, reply.tokens_out) == (fault, server.requests[0].usage.tokens_out)


@pytest.mark.parametrize("fault", sorted({*HTTP_ERRORS, "html", "drop_after"}))
def test_no_error_holds_a_secret(server: Loopback, fault: str) -> None:
    server.faults = always(fault)
    shown = "".join(traceback.format_exception(failure(core(server))))
    assert not [secret for secret in SECRETS.values() if secret in shown]


def test_a_bearer_token_replaces_credentials_and_is_not_shown(
    server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SECRETS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bearer-hard-to-guess")
    server.faults = always("401")
    shown = "".join(traceback.format_exception(failure(core(server))))
    assert server.requests[0].asked.headers["authorization"] == "Bearer bearer-hard-to-guess"
    assert "hard-to-guess" not in shown


def test_an_endpoint_on_this_host_needs_neither_region_nor_credentials(
    server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SECRETS:
        monkeypatch.delenv(name)
    assert send(BedrockCore(HAIKU, endpoint_url=server.url)).text == "6 * 7?"


def test_missing_credentials_are_named_with_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.delenv(name)
    with pytest.raises(
        ConnectionSettingsError, match=r"no AWS credentials: run `aws configure`.*AWS_PROFILE"
    ):
        BedrockCore(HAIKU, region="us-east-1")


def test_a_missing_region_is_named_with_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        ConnectionSettingsError, match=r"no AWS region: set AWS_REGION, or endpoints\.bedrock"
    ):
        BedrockCore(HAIKU)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert BedrockCore(HAIKU).name == f"bedrock/{HAIKU}"


def test_a_mistyped_region_is_named_with_those_near_it() -> None:
    with pytest.raises(ConnectionSettingsError, match=r"'us-east-11'.*us-east-1"):
        BedrockCore(HAIKU, region="us-east-11")


def test_an_unknown_profile_is_named() -> None:
    with pytest.raises(ConnectionSettingsError, match=r"\(nobody\) could not be found: set AWS_PROFILE"):
        BedrockCore(HAIKU, region="us-east-1", profile="nobody")


def test_a_url_without_a_scheme_is_named() -> None:
    with pytest.raises(ConnectionSettingsError, match=r"endpoints\.bedrock\.url is 'localhost:80'"):
        BedrockCore(HAIKU, region="us-east-1", endpoint_url="localhost:80")


def test_another_endpoint_is_another_model(server: Loopback) -> None:
    assert core(server).name == f"bedrock@127.0.0.1:{server.port}/{HAIKU}"


def test_many_threads_share_one_client(server: Loopback) -> None:
    server.latency_s = 0.1
    endpoint = core(server, max_connections=32)
    with ThreadPoolExecutor(32) as pool:
        replies = list(pool.map(lambda i: send(endpoint, f"word {i}"), range(96)))
    assert [reply.text for reply in replies] == [f"word {i}" for i in range(96)]
    assert server.max_in_flight == 32
