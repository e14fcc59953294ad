"""Settings of paid models that are wrong: one clear error each, before anything is sent."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from exectune import models
from exectune.cores.base import Sampling
from exectune.errors import CallsFailed, ConnectionSettingsError, ParamsError
from exectune.ledger import Ledger
from exectune.params import Params
from exectune.policy import GuideCorePolicy
from tests.loopback.faults import always
from tests.loopback.server import Loopback
from tests.scripted import TASK

HAIKU = "bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0"
QWEN = "openai/qwen3"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An account of nobody."""
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_BEARER_TOKEN_BEDROCK",
    ):
        monkeypatch.delenv(name, raising=False)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name))


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback() as running:
        yield running


def changed(settings: Params, **changes: dict[str, object]) -> Params:
    """The settings with other values, by section; `endpoints` by provider."""
    content = settings.model_dump()
    for section, values in changes.items():
        place = content["endpoints"][section] if section in content["endpoints"] else content[section]
        place.update(values)
    return Params.model_validate(content)


CASES: list[tuple[dict[str, dict[str, object]], type[Exception], str]] = [
    (
        {"models": {"core": HAIKU}, "bedrock": {"region": "us-east-1"}},
        ConnectionSettingsError,
        "no AWS credentials: run",
    ),
    ({"models": {"core": HAIKU}}, ConnectionSettingsError, "no AWS region: set AWS_REGION"),
    (
        {"models": {"core": HAIKU}, "bedrock": {"region": "us-east-11"}},
        ConnectionSettingsError,
        "not known in the AWS region 'us-east-11'.*us-east-1",
    ),
    (
        {"models": {"core": HAIKU}, "bedrock": {"profile": "gone"}},
        ConnectionSettingsError,
        "gone.*set AWS_PROFILE",
    ),
    (
        {"models": {"core": HAIKU}, "bedrock": {"url": "localhost:1"}},
        ConnectionSettingsError,
        "url is 'localhost:1'",
    ),
    ({"models": {"core": QWEN}}, ConnectionSettingsError, "no key for OpenAI: set OPENAI_API_KEY"),
    (
        {"models": {"core": QWEN}, "openai": {"url": "vllm"}},
        ConnectionSettingsError,
        r"endpoints\.openai\.url is 'vllm'",
    ),
    ({"teacher": {"name": HAIKU}}, ConnectionSettingsError, "no AWS region"),
    (
        {"teacher": {"name": "bedrock/anthropic.claude-9"}},
        ParamsError,
        "price of `bedrock/anthropic.claude-9` is unknown",
    ),
    ({"models": {"core": QWEN}, "prices": {"core": None}}, ParamsError, "price of `openai/qwen3` is unknown"),
    (
        {"prices": {"core": None}},
        ParamsError,
        "`core` in section `prices` is null, and `smollm2-135m` has no published",
    ),
]


@pytest.mark.parametrize(("changes", "kind", "message"), CASES)
def test_what_is_wrong_is_found_before_the_first_call(
    settings: Params, changes: dict[str, dict[str, object]], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        models.check(changed(settings, **changes))


@pytest.mark.parametrize("fault", ["404", "400", "403", "401"])
def test_an_unknown_model_or_one_not_in_the_region_ends_the_stage_at_once_unpaid(
    settings: Params, server: Loopback, tmp_path: Path, fault: str
) -> None:
    server.faults = always(fault)
    params = changed(settings, models={"core": HAIKU}, bedrock={"url": server.url})
    models.check(params)
    prices = models.prices(params)
    with Ledger.open(tmp_path / "l", stage="baseline", run_id="r", prices=prices) as ledger:
        core = models.load_model(HAIKU, params)
        with pytest.raises(CallsFailed, match=r"claude-haiku-4-5.*: fatal: 40\d .* - "):
            GuideCorePolicy(None, core, ledger, params).run([TASK], arm="core", run_id="r")
        (total,) = ledger.totals().to_dicts()
    assert (total["usd"], total["unknown_usd"]) == (0.0, 0.0)
    assert len(server.requests) == 1


def test_a_wrong_path_of_an_endpoint_is_named(settings: Params, server: Loopback, tmp_path: Path) -> None:
    params = changed(settings, models={"core": QWEN}, openai={"url": f"{server.url}/v2"})
    with Ledger.open(tmp_path / "l", stage="baseline", run_id="r", prices=models.prices(params)) as ledger:
        core = models.load_model(QWEN, params)
        with pytest.raises(CallsFailed, match=r"path of endpoints\.openai\.url, mostly /v1\?"):
            GuideCorePolicy(None, core, ledger, params).run([TASK], arm="core", run_id="r")
        assert ledger.totals()["usd"].sum() == 0


def test_the_teachers_price_follows_from_who_it_is(settings: Params) -> None:
    assert models.prices(settings)["teacher"].output == 0, "the reference teacher is no model"
    own = changed(settings, teacher={"name": "self"})
    assert models.prices(own)["teacher"] == models.prices(own)["guide"]
    haiku = changed(settings, teacher={"name": HAIKU})
    assert models.prices(haiku)["teacher"].output == 5.5


def test_a_price_below_the_published_one_is_pointed_out(
    settings: Params, server: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    there: dict[str, object] = {"url": server.url}
    models.check(changed(settings, models={"core": HAIKU}, bedrock=there))
    assert "prices.core is 1 and 5 USD" in caplog.text
    assert "is 1.1 and 5.5" in caplog.text
    caplog.clear()
    models.check(changed(settings, models={"core": HAIKU}, prices={"core": None}, bedrock=there))
    models.check(settings)
    assert caplog.text == ""


def test_a_name_that_no_list_of_prices_has_is_pointed_out_where_its_price_was_set(
    settings: Params, server: Loopback, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    priced: dict[str, object] = {"teacher": {"input": 1.0, "output": 2.0}}
    models.check(changed(settings, teacher={"name": "openai/gpt-4o-minni"}, prices=priced))
    assert "teacher is openai/gpt-4o-minni, which the list of published prices does not have" in caplog.text
    assert "near to it: openai/gpt-4o-mini" in caplog.text
    caplog.clear()
    own: dict[str, object] = {"url": f"{server.url}/v1"}
    models.check(changed(settings, teacher={"name": QWEN}, prices=priced, openai=own))
    assert caplog.text == "", "a server of one's own names its models as it likes"


def test_a_model_that_takes_no_temperature_answers_all_the_same(
    settings: Params, server: Loopback, tmp_path: Path
) -> None:
    server.refuses = ("temperature", "stop", "max_tokens")
    params = changed(settings, models={"core": QWEN}, openai={"url": f"{server.url}/v1"})
    with Ledger.open(tmp_path / "l", stage="baseline", run_id="r", prices=models.prices(params)) as ledger:
        prompts = [f"word {n}" for n in range(60)]
        answers = ledger.complete(models.load_model(QWEN, params), prompts, Sampling(16), role="core")
        assert ledger.totals()["unknown_usd"].sum() == 0
    assert [answer.reply.text for answer in answers] == prompts
    assert sum(record.billed for record in server.requests) == 60
