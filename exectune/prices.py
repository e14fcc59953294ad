"""Price: what a model's tokens cost, in USD per million.

Prices of paid models come from the `genai-prices` package, offline, or from params.yaml, which wins. Local models
cost nothing to call; theirs are shadow prices, set in params.yaml and named so in every report.
"""

import difflib
from dataclasses import dataclass

from exectune.errors import ParamsError

PROVIDERS = {"bedrock": "aws", "openai": "openai"}  # our name: the one in genai-prices
SAMPLE = 1000  # tokens that a price is read off at, below every tier of long prompts


@dataclass(frozen=True)
class Price:
    """USD per million tokens; a cache price of None is the input's."""

    input: float
    output: float
    cache_read: float | None = None
    cache_write: float | None = None

    def usd(
        self, tokens_in: float, tokens_out: float, cache_read: float = 0, cache_write: float = 0
    ) -> float:
        """What a call costs."""
        read = self.input if self.cache_read is None else self.cache_read
        write = self.input if self.cache_write is None else self.cache_write
        millions = self.input * tokens_in + self.output * tokens_out + read * cache_read + write * cache_write
        return millions / 1e6

    @property
    def dearest_input(self) -> float:
        """The most that a token that is read can cost."""
        return max(self.input, self.cache_write or 0.0)


def published(model: str) -> Price:
    """The published price of `provider/model`, of the day.

    Raises:
        ParamsError: unknown to genai-prices, so that it has to stand in params.yaml.
    """
    from genai_prices import Usage, calc_price

    provider, _, name = model.partition("/")

    def per_million(**tokens: int) -> float:
        usage = Usage(**tokens)
        price = calc_price(usage, model_ref=name, provider_id=PROVIDERS[provider])
        return float(price.total_price) * 1e6 / SAMPLE

    try:
        read = per_million(input_tokens=SAMPLE)
        return Price(
            input=read,
            output=per_million(output_tokens=SAMPLE),
            cache_read=per_million(input_tokens=SAMPLE, cache_read_tokens=SAMPLE),
            cache_write=per_million(input_tokens=SAMPLE, cache_write_tokens=SAMPLE),
        )
    except (LookupError, KeyError):
        raise ParamsError(
            f"the price of `{model}` is unknown: set input and output (USD per million tokens) for its role "
            "under `prices` in params.yaml"
        ) from None


def nearest(model: str) -> list[str]:
    """Models of that provider with a published price whose names are near to `provider/model`, the nearest first."""
    from genai_prices.data_snapshot import get_snapshot

    provider, _, name = model.partition("/")
    known = [
        one.id for some in get_snapshot().providers if some.id == PROVIDERS[provider] for one in some.models
    ]
    return [f"{provider}/{found}" for found in difflib.get_close_matches(name, known)]
