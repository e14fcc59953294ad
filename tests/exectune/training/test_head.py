from pathlib import Path
from types import SimpleNamespace

from exectune import weights
from exectune.training.checkpoints import with_lora
from exectune.training.head import score_labels_only


def test_it_scores_completions_as_the_plain_model_does(tiny_model: Path) -> None:
    import torch

    model = with_lora(weights.load_base(str(tiny_model), "float32"), 2)
    rows_B_T = torch.randint(2, 200, (3, 11))
    labels_B_T = rows_B_T.clone()
    labels_B_T[:, :5] = -100
    labels_B_T[1, 9:] = -100
    logits = model(input_ids=rows_B_T).logits[:, :-1]
    expected = torch.log_softmax(logits / 0.7, -1).gather(2, rows_B_T[:, 1:, None])[..., 0]
    expected = expected.masked_fill(labels_B_T[:, 1:] == -100, 0.0)

    score_labels_only(SimpleNamespace(model=model), temperature=0.7)
    scored = model(input_ids=rows_B_T, labels=labels_B_T, fused_lm_head=True)
    torch.testing.assert_close(scored.log_probs, expected)
    assert torch.equal(scored.label_mask, labels_B_T[:, 1:] != -100)
    torch.testing.assert_close(model(input_ids=rows_B_T).logits[:, :-1], logits)
    scored.log_probs.sum().backward()
    assert any(parameter.grad is not None for parameter in model.parameters())
