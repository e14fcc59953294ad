"""What every paid core keeps to, whatever client it has: a fault is named, sent once, and never called free when it was
billed; no secret is shown."""

import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from exectune.cores.base import Endpoint
from exectune.cores.bedrock import BedrockCore
from exectune.cores.openai_compatible import OpenAICore
from tests.exectune.cores.paid import HAIKU, KEY, SECRETS, bedrock, failure, openai, send
from tests.loopback.faults import HTTP_ERRORS, always
from tests.loopback.server import Loopback

Core = Callable[..., Endpoint]
CORES: dict[str, Core] = {"bedrock": bedrock, "openai": openai}
FAULTS = [
    ("429", "throttled", False),
    ("not_ready", "transient", False),
    ("500", "transient", False),
    ("503", "transient", False),
    ("408", "transient", True),
    ("drop_before", "transient", True),
    ("drop_after", "transient", True),
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
]
# What the two providers mean by these, or their clients make of them, differs.
OWN_FAULTS = [
    ("bedrock", "quota", "throttled", False),
    ("bedrock", "424", "transient", False),
    ("bedrock", "drop_within", "invalid", True),
    ("openai", "quota", "fatal", False),
    ("openai", "drop_within", "transient", True),
]


@pytest.fixture(params=list(CORES.values()), ids=list(CORES))
def core(request: pytest.FixtureRequest) -> Core:
    made: Core = request.param
    return made


@pytest.mark.parametrize(
    ("name", "fault", "kind", "billed"),
    [*((name, *fault) for name in CORES for fault in FAULTS), *OWN_FAULTS],
)
def test_a_fault_is_named_and_sent_once(
    server: Loopback, name: str, fault: str, kind: str, billed: bool
) -> None:
    server.faults = always(fault)
    endpoint = CORES[name](server)
    error = failure(endpoint)
    assert (error.kind, error.billed, error.retry_after_s) == (kind, billed, None)
    assert endpoint.name.rpartition("/")[2] in str(error)
    assert "\n" not in str(error)
    assert len(server.requests) == 1
    assert error.billed or not server.requests[0].billed, "what was billed is never called free"


@pytest.mark.parametrize(("name", "settings"), [("bedrock", {"timeout_s": 0.2}), ("openai", {})])
def test_a_slow_reply_is_a_time_out_that_may_be_billed(
    server: Loopback, name: str, settings: dict[str, float]
) -> None:
    server.faults = always("slow")
    error = failure(CORES[name](server, **settings), timeout_s=0.2)
    assert (error.kind, error.billed) == ("transient", True)
    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", ["429_retry_after", "429_retry_after_ms"])
def test_what_the_provider_asks_to_wait_is_told(server: Loopback, core: Core, fault: str) -> None:
    server.faults, server.retry_after_s = always(fault), 2.5
    assert failure(core(server)).retry_after_s == 2.5


@pytest.mark.parametrize(("name", "said"), [("bedrock", "Could not connect"), ("openai", "ConnectError")])
def test_a_server_that_is_not_there_was_not_paid(name: str, said: str) -> None:
    with Loopback() as gone:
        pass
    error = failure(CORES[name](gone))
    assert (error.kind, error.billed) == ("transient", False)
    assert said in str(error)


def test_a_server_that_speaks_no_tls_is_a_wrong_endpoint(server: Loopback) -> None:
    url = server.url.replace("http:", "https:")
    for endpoint in (BedrockCore(HAIKU, endpoint_url=url), OpenAICore("qwen3", base_url=f"{url}/v1")):
        error = failure(endpoint)
        assert (error.kind, error.billed) == ("fatal", False)
        assert "does it speak http:// and not https://?" in str(error)


@pytest.mark.parametrize(
    ("name", "fault"),
    [("bedrock", "content_filter"), ("bedrock", "guardrail"), ("openai", "content_filter")],
)
def test_a_filtered_reply_is_paid_and_named(server: Loopback, name: str, fault: str) -> None:
    server.faults = always(fault)
    reply = send(CORES[name](server))
    assert (reply.stop_reason, reply.tokens_out) == (fault, server.requests[0].usage.tokens_out)


@pytest.mark.parametrize("fault", sorted({*HTTP_ERRORS, "html", "drop_after"}))
def test_no_error_and_no_name_holds_a_secret(server: Loopback, core: Core, fault: str) -> None:
    server.faults = always(fault)
    endpoint = core(server)
    shown = "".join(traceback.format_exception(failure(endpoint))) + endpoint.name
    assert not [secret for secret in (*SECRETS.values(), KEY) if secret in shown]


@pytest.mark.parametrize(("name", "settings"), [("bedrock", {"max_connections": 32}), ("openai", {})])
def test_many_threads_share_one_client(server: Loopback, name: str, settings: dict[str, int]) -> None:
    server.latency_s = 0.3
    endpoint = CORES[name](server, **settings)
    with ThreadPoolExecutor(32) as pool:
        replies = list(pool.map(lambda i: send(endpoint, f"word {i}"), range(96)))
    assert [reply.text for reply in replies] == [f"word {i}" for i in range(96)]
    assert 16 < server.max_in_flight <= 32, "32 where the machine is quiet; the clients' own pools hold 10"
