from pathlib import Path
from types import SimpleNamespace

from exectune import weights
from exectune.training.checkpoints import with_lora
from exectune.training.head import score_labels_only


def test_it_scores_completions_as_the_plain_model_does(tiny_model: Path) -> None:
    import torch

    model = with_lora(weights.load_base(str(tiny_model), "float32"), 2)
    rows_B_T = torch.randint(2, 200, (12, 11))
    labels_B_T, mask_B_T = rows_B_T.clone(), torch.ones_like(rows_B_T)
    labels_B_T[:, :5] = -100
    for row in range(12):  # prompts padded on the left, completions on the right, as GRPO does
        mask_B_T[row, : row % 4] = 0
        mask_B_T[row, 11 - row % 3 :] = 0
    labels_B_T[mask_B_T == 0] = -100
    labels_B_T[7] = -100
    positions_B_T = (mask_B_T.cumsum(1) - 1).clamp(min=0)
    logits = model(input_ids=rows_B_T, attention_mask=mask_B_T, position_ids=positions_B_T).logits[:, :-1]
    expected = torch.log_softmax(logits / 0.7, -1).gather(2, rows_B_T[:, 1:, None])[..., 0]
    expected = expected.masked_fill(labels_B_T[:, 1:] == -100, 0.0)

    score_labels_only(SimpleNamespace(model=model), temperature=0.7)
    scored = model(input_ids=rows_B_T, attention_mask=mask_B_T, labels=labels_B_T, fused_lm_head=True)
    torch.testing.assert_close(scored.log_probs, expected)
    assert torch.equal(scored.label_mask, labels_B_T[:, 1:] != -100)
    assert (scored.log_probs[7] == 0).all()
    scored.log_probs.sum().backward()
    assert any(parameter.grad is not None for parameter in model.parameters())
