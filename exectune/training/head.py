"""The output layer while training on a processor: completion tokens in, their log-probabilities out.

TRL's own fused head goes over every position, twice, and in float32, wherever there is no GPU kernel for it: a third
of a step. Here only the positions that carry a label are projected, once, in the model's own type.
"""

import types
from typing import Any


def score_labels_only(trainer: Any, temperature: float = 1.0) -> None:
    """Replace the forward that TRL gave the trainer's model, unless it runs on a GPU.

    Called with `fused_lm_head=True` it returns TRL's output with `log_probs` and `entropy`, shaped (row, token), zero
    where there is no label. For models that do not rescale their logits.
    """
    import torch
    from trl.trainer.utils import FusedCausalLMOutput

    model = trainer.model.get_base_model()
    if model.device.type != "cpu":
        return
    plain_forward = model.forward

    def forward(self: Any, *args: Any, fused_lm_head: bool = False, labels: Any = None, **kwargs: Any) -> Any:
        if not fused_lm_head:
            return plain_forward(*args, labels=labels, **kwargs)
        kwargs.pop("num_items_in_batch", None)
        kwargs["use_cache"] = False
        hidden_B_T = self.base_model(*args, **kwargs).last_hidden_state[:, :-1]
        targets_B_T = labels[:, 1:]
        mask_B_T = targets_B_T != -100
        logits_N = self.get_output_embeddings()(hidden_B_T[mask_B_T]).float() / temperature
        scores_N = torch.log_softmax(logits_N, dim=-1)
        chosen_N = scores_N.gather(1, targets_B_T[mask_B_T][:, None])[:, 0]
        with torch.no_grad():
            entropy_N = -(scores_N.exp() * scores_N).sum(-1)
            top_N = (logits_N.argmax(-1) == targets_B_T[mask_B_T]).float()
        empty_B_T = torch.zeros(mask_B_T.shape)
        return FusedCausalLMOutput(
            loss=-chosen_N.mean(),
            log_probs=empty_B_T.masked_scatter(mask_B_T, chosen_N),
            entropy=empty_B_T.masked_scatter(mask_B_T, entropy_N),
            is_top1=empty_B_T.masked_scatter(mask_B_T, top_N),
            label_mask=mask_B_T,
        )

    model.forward = types.MethodType(forward, model)
