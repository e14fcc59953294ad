"""Models by name: a name of params.yaml in, a `Model` out.

`bedrock/MODEL` is a model id or inference profile on Amazon Bedrock, `openai/MODEL` one behind any endpoint that speaks
OpenAI's chat completions. Every other name is loaded here: see `exectune.weights`.
"""

import logging

from exectune.calls import Limits, PaidModel
from exectune.cores.base import Endpoint, Model
from exectune.errors import ParamsError
from exectune.params import Params
from exectune.prices import PROVIDERS, Price, nearest, published

LOG = logging.getLogger(__name__)


def is_paid(name: str) -> bool:
    """Whether a name means an API."""
    return name.partition("/")[0] in PROVIDERS


def load_model(name: str, params: Params) -> Model:
    """The model that a name means."""
    if is_paid(name):
        return PaidModel(endpoint(name, params), Limits(**params.calls.model_dump()))
    from exectune import weights
    from exectune.cores.local import LocalModel

    models = params.models
    return LocalModel(weights.load(name, models.dtype), batch_size=models.batch_size)


def endpoint(name: str, params: Params) -> Endpoint:
    """The API that a name means."""
    provider, _, model = name.partition("/")
    most = params.calls.concurrency
    if provider == "bedrock":
        from exectune.cores.bedrock import BedrockCore

        bedrock = params.endpoints.bedrock
        return BedrockCore(
            model,
            region=bedrock.region,
            profile=bedrock.profile,
            endpoint_url=bedrock.url,
            timeout_s=params.calls.timeout_s,
            max_connections=most,
        )
    from exectune.cores.openai_compatible import OpenAICore

    openai = params.endpoints.openai
    return OpenAICore(model, base_url=openai.url, api_key_env=openai.key_env)


def check(params: Params) -> None:
    """Find what is wrong with any paid model's settings before the first of them is called. Nothing is sent.

    Raises:
        ConnectionSettingsError: no credentials, no region, no such profile, a URL that is none.
        ParamsError: a price that is unknown.
    """
    paid = {role: name for role, name in by_role(params).items() if is_paid(name)}
    for role, price in prices(params).items():
        if role in paid:
            _warn_of(role, paid[role], price, params)
    for name in set(paid.values()):
        endpoint(name, params)


def ledger_name(name: str, params: Params) -> str:
    """What a paid model is called in the ledger: its name, and the host where that is not the provider's own."""
    provider, _, model = name.partition("/")
    if provider == "bedrock":
        from exectune.cores.aws import elsewhere

        url = params.endpoints.bedrock.url
        return f"bedrock{elsewhere(url) if url else ''}/{model}"
    from exectune.cores.openai_compatible import named

    return named(model, params.endpoints.openai.url)[0]


def prices(params: Params) -> dict[str, Price]:
    """The price of each role's model: what params.yaml sets, or the published one.

    Raises:
        ParamsError: a price is nowhere to be found.
    """
    return {role: _price(role, model, params) for role, model in by_role(params).items()}


def by_role(params: Params) -> dict[str, str]:
    """The name of each role's model."""
    own = params.teacher.name == "self"
    teacher = params.models.guide if own else params.teacher.name
    names = {"guide": params.models.guide, "core": params.models.core, "teacher": teacher}
    optional = {"judge": params.judge.name, "prompted": params.evaluate.prompted}
    return names | {role: name for role, name in optional.items() if name}


def _warn_of(role: str, model: str, price: Price, params: Params) -> None:
    """Say where a price that was set hides a mistake: a model's name that nobody knows, or a price below the published
    one, by which budgets would be kept; it may be a shadow price, left over."""
    try:
        usual = published(model)
    except ParamsError:
        if "@" not in ledger_name(model, params) and "arn:" not in model:  # the provider's own catalogue
            near = ", ".join(nearest(model))
            LOG.warning(
                "params.yaml: %s is %s, which the list of published prices does not have%s. A name that is wrong fails "
                "at its first call",
                *(role, model, f"; near to it: {near}" if near else ""),
            )
        return
    if price.input < usual.input or price.output < usual.output:
        LOG.warning(
            "params.yaml: prices.%s is %g and %g USD per million tokens; the published price of %s is %g and %g. Set "
            "null for the published one",
            *(role, price.input, price.output, model, usual.input, usual.output),
        )


def _price(role: str, model: str, params: Params) -> Price:
    given = getattr(params.prices, role)
    if given is None and role == "teacher" and params.teacher.name in ("reference", "self"):
        return Price(0.0, 0.0) if params.teacher.name == "reference" else _price("guide", model, params)
    if given is not None:
        return Price(given.input, given.output, given.cache_read, given.cache_write)
    if is_paid(model):
        return published(model)
    raise ParamsError(
        f"params.yaml: `{role}` in section `prices` is null, and `{model}` has no published price: "
        "set input and output, USD per million tokens"
    )
