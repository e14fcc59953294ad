"""A forward pass that wastes nothing while training on a processor: padded rows in, log-probabilities out.

TRL pads all rows of a step to the longest, and its own fused head goes over every position, twice, and in float32,
wherever there is no GPU kernel for it. Here rows of about equal length go through together, without padding, and only
the positions that carry a label are projected, once, in the model's own type.
Tensor names carry their dimensions: `_B` row of the batch, `_R` row of a part of it, `_T` token, `_N` labelled token.
"""

import math
import types
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

TOGETHER = 4  # rows that go through the model at once


def score_labels_only(trainer: Any, temperature: float = 1.0) -> None:
    """Replace the forward that TRL gave the trainer's model, unless it runs on a GPU.

    Called with `fused_lm_head=True` it returns TRL's output, shaped (row, token), zero where there is no label.
    `entropy` is estimated by the one token that is there, −log p, and `is_top1` is 1 where p is above one half. For
    models that do not rescale their logits.
    """
    import torch
    from torch.nn.functional import cross_entropy
    from trl.trainer.utils import FusedCausalLMOutput

    model = trainer.model.get_base_model()
    if model.device.type != "cpu":
        return
    # At these lengths the backward pass of the fused attention takes three times as long as plain products.
    model.set_attn_implementation("eager")
    plain_forward = model.forward

    def forward(self: Any, *args: Any, fused_lm_head: bool = False, labels: Any = None, **kwargs: Any) -> Any:
        if not fused_lm_head:
            return plain_forward(*args, labels=labels, **kwargs)
        ids_B_T, mask_B_T = kwargs["input_ids"], kwargs["attention_mask"].bool()
        labelled_B_T = labels[:, 1:] != -100
        log_probs_B_T = torch.zeros(labelled_B_T.shape)
        entropy_B_T, top_B_T = log_probs_B_T.clone(), log_probs_B_T.clone()
        for rows_R in _parts(mask_B_T, labelled_B_T):
            hidden_N, targets_N = _labelled(self, ids_B_T[rows_R], mask_B_T[rows_R], labels[rows_R])
            logits_N = self.get_output_embeddings()(hidden_N / temperature)
            row_N, token_N = labelled_B_T[rows_R].nonzero(as_tuple=True)
            places = (rows_R[row_N], token_N)
            chosen_N = -cross_entropy(logits_N.float(), targets_N, reduction="none")
            log_probs_B_T = log_probs_B_T.index_put(places, chosen_N)
            # Both over the whole vocabulary would take half of the head's time, and are only for the log.
            entropy_B_T[places] = -chosen_N.detach()
            top_B_T[places] = (chosen_N.detach() > math.log(0.5)).float()
        return FusedCausalLMOutput(
            loss=-log_probs_B_T[labelled_B_T].mean(),
            log_probs=log_probs_B_T,
            entropy=entropy_B_T,
            is_top1=top_B_T,
            label_mask=labelled_B_T,
        )

    model.forward = types.MethodType(forward, model)


def _parts(mask_B_T: "torch.Tensor", labelled_B_T: "torch.Tensor") -> "Iterator[torch.Tensor]":
    """The rows that carry labels, in parts of about equal length."""
    import torch

    length_B = mask_B_T.sum(1)
    shortest_first = length_B.argsort().tolist()
    rows = [row for row in shortest_first if labelled_B_T[row].any()]
    rows = rows or shortest_first[:1]  # a step without labels has a gradient too: zero
    for start in range(0, len(rows), TOGETHER):
        yield torch.tensor(rows[start : start + TOGETHER])


def _labelled(
    model: Any, ids_R_T: "torch.Tensor", mask_R_T: "torch.Tensor", labels_R_T: "torch.Tensor"
) -> "tuple[torch.Tensor, torch.Tensor]":
    """The last hidden states that predict a labelled token, row by row, and those tokens."""
    from torch.nn.utils.rnn import pad_sequence

    def left_aligned(tensor_R_T: "torch.Tensor", fill: int) -> "torch.Tensor":
        rows = [row_T[mask_T] for row_T, mask_T in zip(tensor_R_T, mask_R_T, strict=True)]
        return pad_sequence(rows, batch_first=True, padding_value=fill)

    inputs = {"input_ids": left_aligned(ids_R_T, 0), "attention_mask": left_aligned(mask_R_T.long(), 0)}
    targets_R_T = left_aligned(labels_R_T, -100)[:, 1:]
    hidden_R_T = model.base_model(**inputs, use_cache=False).last_hidden_state[:, :-1]
    labelled_R_T = targets_R_T != -100
    return hidden_R_T[labelled_R_T], targets_R_T[labelled_R_T]
