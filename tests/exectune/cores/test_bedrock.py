"""A real boto3 client against a server on loopback."""

import socket
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest

from exectune.cores.base import Reply, Sampling
from exectune.cores.bedrock import BedrockCore
from exectune.errors import CallError, ConnectionSettingsError
from tests.exectune.cores.paid import HAIKU, SECRETS, bedrock, failure, send
from tests.loopback.faults import always
from tests.loopback.server import Loopback, says


def test_a_reply_comes_with_what_it_took(server: Loopback) -> None:
    server.answer = says("It is 42")
    reply = send(bedrock(server), prefix="Be short.")
    assert reply == Reply("It is 42", 5, 3, reply.latency_s)
    assert 0 < reply.latency_s < 5


def test_the_request_is_what_converse_wants(server: Loopback) -> None:
    send(bedrock(server), sampling=Sampling(16, 0.7, stop="</strategy>", seed=3), prefix="Be short.")
    (record,) = server.requests
    assert (record.asked.model, record.asked.attempt) == (HAIKU, "attempt-1")
    assert record.asked.body == {
        "system": [{"text": "Be short."}],
        "messages": [{"role": "user", "content": [{"text": "6 * 7?"}]}],
        "inferenceConfig": {"maxTokens": 16, "temperature": 0.7, "stopSequences": ["</strategy>"]},
        "requestMetadata": {"exectune_attempt": "attempt-1"},
    }


def test_without_a_prefix_there_is_no_system_prompt(server: Loopback) -> None:
    send(bedrock(server))
    assert "system" not in server.requests[0].asked.body


def test_a_stop_of_white_space_is_not_sent_and_the_reply_is_cut(server: Loopback) -> None:
    server.answer = says("6 * 7\nand more")
    assert send(bedrock(server)).text == "6 * 7"
    assert "stopSequences" not in server.requests[0].asked.body["inferenceConfig"]


def test_a_reply_that_reaches_its_limit_says_so_unless_the_stop_came_first(server: Loopback) -> None:
    server.answer = says("one two three")
    assert send(bedrock(server), sampling=Sampling(2)).stop_reason == "length"
    server.answer = says("one\n two three")
    assert send(bedrock(server), sampling=Sampling(2)).stop_reason == "stop"


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
    send(bedrock(server, model), prefix="four" * tokens)
    assert server.requests[0].asked.cache is cached


def test_tokens_of_the_cache_are_counted_apart(server: Loopback) -> None:
    endpoint = bedrock(
        server, "arn:aws:bedrock:us-east-1:1:application-inference-profile/x", cache_minimum=10
    )
    prefix = "word " * 20
    first, second = (send(endpoint, prefix=prefix) for _ in range(2))
    assert (first.tokens_in, first.tokens_cache_write, first.tokens_cache_read) == (3, 20, 0)
    assert (second.tokens_in, second.tokens_cache_write, second.tokens_cache_read) == (3, 0, 20)


def test_a_handshake_that_is_cut_is_worth_another_attempt() -> None:
    def hang_up(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(65536)

    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:
        pool.submit(hang_up, listening)
        url = f"https://127.0.0.1:{listening.getsockname()[1]}"
        assert failure(BedrockCore(HAIKU, endpoint_url=url)).kind == "transient"


def test_a_bearer_token_replaces_credentials_and_is_not_shown(
    server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SECRETS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bearer-hard-to-guess")
    server.faults = always("401")
    shown = "".join(traceback.format_exception(failure(bedrock(server))))
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
    assert bedrock(server).name == f"bedrock@127.0.0.1:{server.port}/{HAIKU}"


def test_settings_that_a_model_refuses_are_left_out_from_then_on(server: Loopback) -> None:
    server.refuses = ("temperature", "stopSequences")
    endpoint = bedrock(server)
    sampling = Sampling(16, 0.7, "</strategy>")
    for _ in range(2):
        with pytest.raises(
            CallError, match=r"is deprecated for this model\. - asked again without it"
        ) as caught:
            send(endpoint, sampling=sampling)
        assert caught.value.kind == "transient"
        assert not caught.value.billed
    send(endpoint, sampling=sampling)
    assert server.requests[-1].asked.body["inferenceConfig"] == {"maxTokens": 16}
