"""A real openai client against a server on loopback."""

import pytest

from exectune.cores.base import Reply, Sampling
from exectune.cores.openai_compatible import OpenAICore
from exectune.errors import ConnectionSettingsError
from tests.exectune.cores.paid import KEY, SAMPLING, failure, openai, send
from tests.loopback.server import Loopback, says


def test_a_reply_comes_with_what_it_took(server: Loopback) -> None:
    server.answer = says("It is 42")
    reply = send(openai(server), prefix="Be short.")
    assert reply == Reply("It is 42", 5, 3, reply.latency_s)
    assert 0 < reply.latency_s < 5


def test_the_request_is_what_chat_completions_want(server: Loopback) -> None:
    send(openai(server), sampling=Sampling(16, 0.7, seed=3), prefix="Be short.")
    (record,) = server.requests
    assert record.asked.attempt == "attempt-1"
    assert record.asked.headers["authorization"] == f"Bearer {KEY}"
    assert record.asked.body == {
        "model": "qwen3",
        "messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content": "6 * 7?"}],
        "max_tokens": 16,
        "temperature": 0.7,
        "stop": ["\n"],
        "seed": 3,
    }


def test_a_greedy_request_has_no_seed_and_an_empty_stop_is_none(server: Loopback) -> None:
    send(openai(server), sampling=Sampling(16, stop=""))
    assert not {"seed", "stop"} & server.requests[0].asked.body.keys()
    assert [message["role"] for message in server.requests[0].asked.body["messages"]] == ["user"]


def test_openai_itself_is_asked_in_its_own_words() -> None:
    endpoint = OpenAICore("gpt-5-mini")
    assert endpoint.name == "openai/gpt-5-mini"
    assert endpoint._request("", "6 * 7?", SAMPLING)["max_completion_tokens"] == 16
    assert endpoint._attempt_header == "X-Client-Request-Id"


def test_a_reply_that_reaches_its_limit_says_so(server: Loopback) -> None:
    server.answer = says("one two three")
    assert send(openai(server), sampling=Sampling(2)).stop_reason == "length"


def test_tokens_of_the_cache_are_counted_apart(server: Loopback) -> None:
    prefix = "word " * 1024
    endpoint = openai(server)
    first, second = (send(endpoint, prefix=prefix) for _ in range(2))
    assert (first.tokens_in, first.tokens_cache_read) == (1027, 0)
    assert (second.tokens_in, second.tokens_cache_read) == (3, 1024)


def test_a_wrong_path_says_what_to_set(server: Loopback) -> None:
    error = failure(OpenAICore("qwen3", base_url=server.url))
    assert error.kind == "fatal"
    assert "the path of endpoints.openai.url, mostly /v1" in str(error)


def test_a_server_of_ones_own_needs_no_key(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    assert send(openai(server)).text == "6 * 7?"


def test_the_key_may_stand_in_another_variable(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER_KEY", f"{KEY}-2\n")  # as `$(cat file)` or a .env file leaves it
    send(openai(server, api_key_env="OTHER_KEY"))
    assert server.requests[0].asked.headers["authorization"] == f"Bearer {KEY}-2"


def test_a_missing_key_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ConnectionSettingsError, match="no key for OpenAI: set OPENAI_API_KEY"):
        OpenAICore("gpt-5-mini")


@pytest.mark.parametrize("key", ["two words", "schlüssel", "a\nb"])
def test_a_key_that_cannot_be_one_is_refused_unseen(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(ConnectionSettingsError, match="OPENAI_API_KEY holds no key") as caught:
        OpenAICore("gpt-5-mini")
    assert key not in str(caught.value)


@pytest.mark.parametrize("url", ["localhost:8000/v1", "ftp://host/v1", "http://", "http://host:port/v1"])
def test_a_url_that_is_none_is_named(url: str) -> None:
    with pytest.raises(ConnectionSettingsError, match=r"endpoints\.openai\.url is"):
        OpenAICore("qwen3", base_url=url)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://eu.api.openai.com/v1", "openai/m"),
        ("http://user:hard-to-guess@gpu-1:8000/v1", "openai@gpu-1:8000/m"),
        ("https://models.example/v1", "openai@models.example/m"),
    ],
)
def test_another_endpoint_is_another_model(url: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert OpenAICore("m", base_url=url).name == name
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    assert OpenAICore("m").name == name


def test_settings_that_a_model_refuses_are_left_out_from_then_on(
    server: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    server.refuses = ("temperature", "stop", "max_tokens")
    endpoint = openai(server)
    kinds = [failure(endpoint).kind for _ in range(3)]
    assert kinds == ["transient"] * 3, "each is worth another attempt, and costs nothing"
    assert send(endpoint, sampling=Sampling(16, 0.7)).text == "6 * 7?"
    assert not any(record.billed for record in server.requests[:3])
    body = server.requests[-1].asked.body
    assert body["max_completion_tokens"] == 16
    assert body.keys() == {"model", "messages", "max_completion_tokens", "seed"}
    assert caplog.text.count("takes no temperature: it is left out, so that its replies are drawn") == 1


def test_a_refusal_of_what_was_not_sent_is_final(server: Loopback) -> None:
    server.refuses = ("model",)
    assert failure(openai(server)).kind == "fatal"
