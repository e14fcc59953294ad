"""Attention to a prefix that all rows share: its keys and values are held once, not once a row.

In: queries of a batch, each row's own keys and values, and those of the prefix. Out: what plain attention over both
gives. The prefix's part is one large product for all rows, where copies of it would be read row by row; the idea is
known as cascade or Hydragen attention (Juravsky et al. 2024, arXiv 2402.05099). Tensor names carry their dimensions:
`_B` row, `_H` query head, `_K` key head, `_Q` query (token of a row, for each query head of a key head), `_T` own
token, `_P` prefix token, `_D` dimension.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

NAME = "shared_prefix"
Layers = list[tuple["torch.Tensor", "torch.Tensor"]]  # keys and values of the prefix, (K, P, D), by layer


def attend(
    module: Any,
    query_B_H_T_D: "torch.Tensor",
    key_B_K_T_D: "torch.Tensor",
    value_B_K_T_D: "torch.Tensor",
    mask: "torch.Tensor | None",
    scaling: float,
    dropout: float = 0.0,  # noqa: ARG001 (none when generating)
    *,
    prefix: Layers,
    **_: Any,
) -> "tuple[torch.Tensor, None]":
    """transformers' attention function: (row, token, head, dimension), and no weights."""
    import torch

    rows, heads, tokens, dimension = query_B_H_T_D.shape
    key_heads, own = key_B_K_T_D.shape[1], key_B_K_T_D.shape[2]
    prefix_key_K_P_D, prefix_value_K_P_D = prefix[module.layer_idx]
    query_B_K_Q_D = query_B_H_T_D.reshape(rows, key_heads, -1, dimension) * scaling
    queries = query_B_K_Q_D.shape[2]
    own_scores = query_B_K_Q_D @ key_B_K_T_D.transpose(2, 3)
    if mask is not None:  # (row, 1, token, own token)
        by_token = own_scores.view(rows, key_heads, -1, tokens, own)
        own_scores = by_token.masked_fill(~mask[:, :, None], float("-inf")).view(own_scores.shape)
    together_K_BQ_D = query_B_K_Q_D.transpose(0, 1).reshape(key_heads, rows * queries, dimension)
    prefix_scores = (together_K_BQ_D @ prefix_key_K_P_D.transpose(1, 2)).view(key_heads, rows, queries, -1)
    scores = torch.cat([prefix_scores.transpose(0, 1), own_scores], dim=-1)
    weights = torch.softmax(scores, dim=-1, dtype=torch.float32).to(scores.dtype)
    prefix_weights, own_weights = weights.split([prefix_key_K_P_D.shape[1], own], dim=-1)
    own_part = own_weights @ value_B_K_T_D
    prefix_part = prefix_weights.transpose(0, 1).reshape(key_heads, rows * queries, -1) @ prefix_value_K_P_D
    result = own_part + prefix_part.view(key_heads, rows, queries, dimension).transpose(0, 1)
    return result.view(rows, heads, tokens, dimension).transpose(1, 2), None


def register() -> None:
    """Make it known to transformers, as `NAME`."""
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, sdpa_mask)
