from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from scipy.stats import chisquare

from exectune import weights
from exectune.cores.base import Sampling
from exectune.generation import Network, continue_rows, generate

PROMPTS = [f"Words that all the prompts share.\n{'long ' * length}{length}:" for length in (0, 3, 1, 7, 2, 5)]


@pytest.fixture(scope="module")
def network(tiny_model: Path) -> Network:
    return weights.load(str(tiny_model), "float32")


def texts(network: Network, prompts: Sequence[str], sampling: Sampling, batch_size: int) -> list[str]:
    return [reply.text for reply in generate(network, prompts, sampling, batch_size=batch_size)]


def test_a_batch_gives_what_each_prompt_gives_alone(network: Network) -> None:
    sampling = Sampling(12, stop="")
    alone = [texts(network, [prompt], sampling, 1)[0] for prompt in PROMPTS]
    assert len(set(alone)) > 1
    assert texts(network, PROMPTS, sampling, 4) == alone
    assert texts(network, PROMPTS, sampling, 64) == alone


def test_generation_agrees_with_transformers_own(network: Network) -> None:
    row = network.tokenizer(PROMPTS[3], return_tensors="pt")
    theirs = network.model.generate(**row, max_new_tokens=12, do_sample=False)[0, row.input_ids.shape[1] :]
    mine = texts(network, PROMPTS, Sampling(12, stop=""), 8)[3]
    assert mine == network.tokenizer.decode(theirs, skip_special_tokens=True)


def test_a_reply_ends_before_the_stop_character_and_counts_its_token(network: Network) -> None:
    whole = texts(network, PROMPTS, Sampling(30, stop=""), 8)
    place, text = next((place, text) for place, text in enumerate(whole) if len(text) > 8)
    stop = text[6]
    first = text.index(stop)
    reply = generate(network, PROMPTS, Sampling(30, stop=stop), batch_size=8)[place]
    assert reply.text == text[:first]
    assert reply.tokens_out <= len(text[: first + 1].encode())
    assert reply.tokens_in == len(PROMPTS[place].encode())


def test_max_new_tokens_is_the_most_that_is_written(network: Network) -> None:
    replies = generate(network, PROMPTS, Sampling(5, stop=""), batch_size=8)
    assert max(reply.tokens_out for reply in replies) == 5


def test_sampling_is_repeated_by_its_seed_and_changed_by_another(network: Network) -> None:
    def draw(seed: int) -> list[str]:
        return texts(network, PROMPTS, Sampling(12, temperature=1.0, stop="", seed=seed), 8)

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)


def test_sampling_follows_the_models_probabilities(network: Network) -> None:
    rows = [network.tokenizer("one and one").input_ids] * 4000
    drawn = continue_rows(network, rows, Sampling(1, temperature=0.7, stop="", seed=5), batch_size=1000)
    with torch.inference_mode():
        logits_V = network.model(torch.tensor(rows[:1])).logits[0, -1].float()
    expected_V = torch.softmax(logits_V / 0.7, dim=-1) * len(rows)
    seen_V = torch.bincount(torch.tensor([new[0] for new in drawn]), minlength=len(expected_V))
    rare_V = expected_V < 5  # the test asks for five in each class
    seen = [*seen_V[~rare_V].tolist(), int(seen_V[rare_V].sum())]
    expected = [*expected_V[~rare_V].tolist(), float(expected_V[rare_V].sum())]
    scale = sum(seen) / sum(expected)  # rounding
    assert chisquare(seen, [count * scale for count in expected]).pvalue > 0.001


def test_no_prompts_give_no_replies(network: Network) -> None:
    assert generate(network, [], Sampling(5), batch_size=8) == []
