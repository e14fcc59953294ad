"""Batched generation with a local causal language model: prompts in, continuations with token counts out.

What all prompts have in common (a few-shot prefix) goes through the model once, and all rows attend to it as one
(`exectune.shared_prefix`). Batches are sorted by length, and a row that has ended leaves its batch, so that one long
reply does not hold up the rest. Tensor names carry their dimensions: `_B` row of the batch, `_T` token,
`_V` token of the vocabulary.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from exectune import shared_prefix
from exectune.cores.base import Reply, Sampling

if TYPE_CHECKING:
    import torch

    from exectune.shared_prefix import Layers

WORTH_SHARING = 16  # tokens; below, attending to a prefix apart costs more than it saves
COMPACT_BELOW = 0.75  # drop ended rows from the cache when fewer than this share of them still runs


@dataclass(frozen=True)
class Network:
    """Loaded weights with their tokenizer; `identity` tells one set of weights from another."""

    model: Any
    tokenizer: Any
    identity: str


def generate(
    network: Network,
    prompts: Sequence[str],
    sampling: Sampling,
    *,
    batch_size: int,
    on_batch: Callable[[int], None] | None = None,
) -> list[Reply]:
    """Continue every prompt until `sampling.stop`, the end token, or `max_new_tokens`.

    Returns:
        One reply a prompt, in the prompts' order. The text has neither the stop string nor what follows it.
        `latency_s` is the call's wall time shared out over its prompts.
    """
    if not prompts:
        return []
    began = time.perf_counter()
    rows = network.tokenizer(list(prompts)).input_ids
    new_rows = continue_rows(network, rows, sampling, batch_size=batch_size, on_batch=on_batch)
    texts = network.tokenizer.batch_decode(new_rows, skip_special_tokens=True)
    seconds = (time.perf_counter() - began) / len(prompts)
    return [
        Reply(text.split(sampling.stop)[0] if sampling.stop else text, len(row), len(new), seconds)
        for text, row, new in zip(texts, rows, new_rows, strict=True)
    ]


def continue_rows(
    network: Network,
    rows: list[list[int]],
    sampling: Sampling,
    *,
    batch_size: int,
    on_batch: Callable[[int], None] | None = None,
) -> list[list[int]]:
    """The new tokens of each row of prompt tokens, the token that ended it included."""
    import torch

    prefix_T = _common_prefix(rows)
    order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
    generator = torch.Generator(network.model.device).manual_seed(sampling.seed)
    new_rows: list[list[int]] = [[] for _ in rows]
    model = network.model
    with torch.inference_mode(), _attending(model, _prefill(model, prefix_T)) as extra:
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size]
            suffixes = [rows[row][len(prefix_T) :] for row in batch]
            decoded = _decode(network, extra, len(prefix_T), suffixes, sampling, generator)
            for row, new in zip(batch, decoded, strict=True):
                new_rows[row] = new
            if on_batch:
                on_batch(len(batch))
    return new_rows


def _common_prefix(rows: list[list[int]]) -> list[int]:
    """The tokens that all prompts begin with, if many; at least one token short of the shortest prompt."""
    if len(rows) == 1:
        return []
    first, last = min(rows), max(rows)  # what these two share, all that are sorted between them share
    pairs = enumerate(zip(first, last, strict=False))
    length = next((place for place, (a, b) in pairs if a != b), len(first))
    shared = first[: min(length, min(len(row) for row in rows) - 1)]
    return shared if len(shared) >= WORTH_SHARING else []


def _prefill(model: Any, prefix_T: list[int]) -> "Layers":
    """The prefix's keys and values by layer; none where there is no prefix."""
    import torch

    if not prefix_T:
        return []
    ids = torch.tensor([prefix_T], device=model.device)
    cache = model(ids, use_cache=True, logits_to_keep=1).past_key_values
    return [(layer.keys[0], layer.values[0]) for layer in cache.layers]


@contextmanager
def _attending(model: Any, prefix: "Layers") -> "Iterator[dict[str, Layers]]":
    """While the block runs, the model attends to the prefix too; what its forward has to be given for that."""
    if not prefix:
        yield {}
        return
    shared_prefix.register()
    plain = model.config._attn_implementation
    model.set_attn_implementation(shared_prefix.NAME)
    try:
        yield {"prefix": prefix}
    finally:
        model.set_attn_implementation(plain)


def _decode(
    network: Network,
    extra: "dict[str, Layers]",
    prefix: int,
    suffixes: list[list[int]],
    sampling: Sampling,
    generator: "torch.Generator",
) -> list[list[int]]:
    import torch
    from transformers import DynamicCache

    model, tokenizer = network.model, network.tokenizer
    width = max(len(suffix) for suffix in suffixes)
    pads = [width - len(suffix) for suffix in suffixes]
    input_B_T = torch.tensor(
        [[tokenizer.pad_token_id] * pad + suffix for pad, suffix in zip(pads, suffixes, strict=True)],
        device=model.device,
    )
    mask_B_T = torch.tensor([[0] * pad + [1] * (width - pad) for pad in pads], device=model.device)
    kv = DynamicCache(config=model.config)
    ends = _end_test(tokenizer, sampling.stop)
    new_tokens: list[list[int]] = [[] for _ in suffixes]
    running = list(range(len(suffixes)))  # rows that are still in the batch, in its order
    alive = [True] * len(running)
    for _ in range(sampling.max_new_tokens):
        own_B_T = (mask_B_T.cumsum(1) - 1).clamp(min=0)[:, -input_B_T.shape[1] :]
        logits_B_V = model(
            input_B_T,
            attention_mask=mask_B_T,
            position_ids=own_B_T + prefix,
            past_key_values=kv,
            **extra,
            # The last token by index, not by slice: on a strided slice torch copies the output embedding once a row.
            logits_to_keep=torch.tensor([input_B_T.shape[1] - 1], device=model.device),
        ).logits[:, -1]
        next_B = _choose(logits_B_V, sampling.temperature, generator)
        for place, token in enumerate(next_B.tolist()):
            if alive[place]:
                new_tokens[running[place]].append(token)
                alive[place] = not ends(token)
        if not any(alive):
            break
        input_B_T = next_B[:, None]
        if sum(alive) < COMPACT_BELOW * len(alive):
            kept = torch.tensor([place for place, lives in enumerate(alive) if lives], device=model.device)
            kv.batch_select_indices(kept)
            input_B_T, mask_B_T = input_B_T[kept], mask_B_T[kept]
            running = [running[place] for place in kept.tolist()]
            alive = [True] * len(running)
        mask_B_T = torch.cat([mask_B_T, mask_B_T.new_ones(len(running), 1)], dim=1)
    return new_tokens


def _end_test(tokenizer: Any, stop: str) -> Callable[[int], bool]:
    """Whether a token ends a reply: the end token, or one that holds the stop character."""

    @cache
    def ends(token: int) -> bool:
        return token == tokenizer.eos_token_id or bool(stop and stop in tokenizer.decode([token]))

    return ends


def _choose(logits_B_V: "torch.Tensor", temperature: float, generator: "torch.Generator") -> "torch.Tensor":
    import torch

    if temperature == 0:
        return logits_B_V.argmax(-1)
    # One random number a row; torch.multinomial draws one for each token of the vocabulary, a third of a step's time.
    up_to_B_V = torch.softmax(logits_B_V.float() / temperature, dim=-1).cumsum(-1)
    drawn_B_1 = torch.rand(len(up_to_B_V), 1, generator=generator, device=up_to_B_V.device)
    chosen_B_1 = torch.searchsorted(up_to_B_V, drawn_B_1 * up_to_B_V[:, -1:], right=True)
    return chosen_B_1[:, 0].clamp(max=up_to_B_V.shape[1] - 1)
