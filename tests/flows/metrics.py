"""What metrics/evaluate.json looks like."""

from typing import Any

CELL = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 100}
METRICS: dict[str, Any] = {
    "arms": {
        "rl": {
            split: {"accuracy": CELL, "executability": CELL, "usd": CELL | {"value": 0.00012}}
            for split in ("test", "held_out")
        }
    },
    "pairs": [
        {
            "arm": "rl",
            "baseline": "sft",
            "split": "test",
            "metric": "accuracy",
            "effect": 0.07,
            "low": 0.01,
            "high": 0.13,
            "p": 0.01,
            "p_holm": 0.02,
            "n": 200,
            "wins": 20,
            "losses": 6,
        }
    ],
}
