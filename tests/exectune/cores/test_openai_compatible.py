"""A real openai client against a server on loopback."""

import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from exectune.cores.base import Reply, Sampling
from exectune.cores.openai_compatible import OpenAICore
from exectune.errors import CallError, ConnectionSettingsError
from tests.loopback.faults import HTTP_ERRORS, always
from tests.loopback.server import Loopback, says

SAMPLING = Sampling(max_new_tokens=16)
KEY = "sk-hard-to-guess"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of a test, and nothing of the user's."""
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback(slow_s=1.0) as running:
        yield running


def core(server: Loopback, **settings: Any) -> OpenAICore:
    return OpenAICore("qwen3", base_url=f"{server.url}/v1", **settings)


def send(
    endpoint: OpenAICore,
    prompt: str = "6 * 7?",
    sampling: Sampling = SAMPLING,
    prefix: str = "",
    timeout_s: float = 5.0,
) -> Reply:
    return endpoint.send(prefix, prompt, sampling, attempt="attempt-1", timeout_s=timeout_s)


def failure(endpoint: OpenAICore, timeout_s: float = 5.0) -> CallError:
    with pytest.raises(CallError) as caught:
        send(endpoint, timeout_s=timeout_s)
    return caught.value


def test_a_reply_comes_with_what_it_took(server: Loopback) -> None:
    server.answer = says("It is 42")
    reply = send(core(server), prefix="Be short.")
    assert reply == Reply("It is 42", 5, 3, reply.latency_s)
    assert 0 < reply.latency_s < 5


def test_the_request_is_what_chat_completions_want(server: Loopback) -> None:
    send(core(server), sampling=Sampling(16, 0.7, seed=3), prefix="Be short.")
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
    send(core(server), sampling=Sampling(16, stop=""))
    assert not {"seed", "stop"} & server.requests[0].asked.body.keys()
    assert [message["role"] for message in server.requests[0].asked.body["messages"]] == ["user"]


def test_openai_itself_is_asked_in_its_own_words() -> None:
    endpoint = OpenAICore("gpt-5-mini")
    assert endpoint.name == "openai/gpt-5-mini"
    assert endpoint._request("", "6 * 7?", SAMPLING)["max_completion_tokens"] == 16
    assert endpoint._attempt_header == "X-Client-Request-Id"


def test_a_reply_that_reaches_its_limit_says_so(server: Loopback) -> None:
    server.answer = says("one two three")
    assert send(core(server), sampling=Sampling(2)).stop_reason == "length"


def test_tokens_of_the_cache_are_counted_apart(server: Loopback) -> None:
    prefix = "word " * 1024
    endpoint = core(server)
    first, second = (send(endpoint, prefix=prefix) for _ in range(2))
    assert (first.tokens_in, first.tokens_cache_read) == (1027, 0)
    assert (second.tokens_in, second.tokens_cache_read) == (3, 1024)


@pytest.mark.parametrize(
    ("fault", "kind", "billed"),
    [
        ("429", "throttled", False),
        ("quota", "fatal", False),
        ("not_ready", "transient", False),
        ("500", "transient", False),
        ("503", "transient", False),
        ("408", "transient", True),
        ("drop_before", "transient", True),
        ("drop_after", "transient", True),
        ("drop_within", "transient", True),
        ("html", "invalid", True),
        ("list", "invalid", True),
        ("null", "invalid", True),
        ("cut_json", "invalid", True),
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
    assert "qwen3" in str(error)
    assert "\n" not in str(error)
    assert len(server.requests) == 1
    assert error.billed or not server.requests[0].billed, "what was billed is never called free"


def test_a_slow_reply_is_a_time_out_that_may_be_billed(server: Loopback) -> None:
    server.faults = always("slow")
    error = failure(core(server), timeout_s=0.2)
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
    assert "ConnectError" in str(error)


def test_a_server_that_speaks_no_tls_is_a_wrong_endpoint(server: Loopback) -> None:
    endpoint = OpenAICore("qwen3", base_url=f"{server.url.replace('http:', 'https:')}/v1")
    error = failure(endpoint)
    assert (error.kind, error.billed) == ("fatal", False)
    assert "does it speak http:// and not https://?" in str(error)


def test_a_filtered_reply_is_paid_and_named(server: Loopback) -> None:
    server.faults = always("content_filter")
    reply = send(core(server))
    assert (reply.stop_reason, reply.tokens_out) == ("content_filter", server.requests[0].usage.tokens_out)


@pytest.mark.parametrize("fault", sorted({*HTTP_ERRORS, "html", "drop_after"}))
def test_no_error_and_no_name_holds_the_key(server: Loopback, fault: str) -> None:
    server.faults = always(fault)
    endpoint = core(server)
    assert KEY not in "".join(traceback.format_exception(failure(endpoint)))
    assert KEY not in endpoint.name


def test_a_wrong_path_says_what_to_set(server: Loopback) -> None:
    error = failure(OpenAICore("qwen3", base_url=server.url))
    assert error.kind == "fatal"
    assert "the path of endpoints.openai.url, mostly /v1" in str(error)


def test_a_server_of_ones_own_needs_no_key(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    assert send(core(server)).text == "6 * 7?"


def test_the_key_may_stand_in_another_variable(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER_KEY", f"{KEY}-2\n")  # as `$(cat file)` or a .env file leaves it
    send(core(server, api_key_env="OTHER_KEY"))
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


def test_many_threads_share_one_client(server: Loopback) -> None:
    server.latency_s = 0.1
    endpoint = core(server)
    with ThreadPoolExecutor(32) as pool:
        replies = list(pool.map(lambda i: send(endpoint, f"word {i}"), range(96)))
    assert [reply.text for reply in replies] == [f"word {i}" for i in range(96)]
    assert server.max_in_flight == 32
