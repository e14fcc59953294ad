import pytest

from exectune.errors import ParamsError
from exectune.prices import Price, published


@pytest.mark.parametrize(
    ("model", "price"),
    [
        ("bedrock/anthropic.claude-3-5-haiku-20241022-v1:0", Price(0.8, 4.0, 0.08, 1.0)),
        ("bedrock/global.anthropic.claude-haiku-4-5-20251001-v1:0", Price(1.0, 5.0, 0.1, 1.25)),
        ("bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0", Price(1.1, 5.5, 0.11, 1.375)),
        ("openai/gpt-4.1-nano", Price(0.1, 0.4, 0.025, 0.1)),
    ],
)
def test_published_prices_are_in_usd_per_million_tokens(model: str, price: Price) -> None:
    found = published(model)
    assert vars(found) == pytest.approx(vars(price))


@pytest.mark.parametrize(
    "model", ["bedrock/anthropic.claude-9", "openai/qwen3-of-my-own", "bedrock/arn:aws:x"]
)
def test_an_unknown_price_is_an_error_and_never_zero(model: str) -> None:
    with pytest.raises(ParamsError, match=r"price of `.*` is unknown: set input and output"):
        published(model)


def test_cached_input_has_its_own_price() -> None:
    assert Price(1.0, 5.0, 0.1, 1.25).usd(10, 10, 10, 10) == pytest.approx(73.5e-6)
    assert Price(1.0, 5.0).usd(0, 0, 10, 10) == pytest.approx(20e-6), "without one, the input's"
    assert Price(1.0, 5.0, 0.1, 1.25).dearest_input == 1.25
