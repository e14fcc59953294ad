"""Price: what a model's tokens cost, in USD per million.

Local models cost nothing to call; theirs are shadow prices, set in params.yaml and named so in every report.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Price:
    """USD per million tokens."""

    input: float
    output: float

    def usd(self, tokens_in: float, tokens_out: float) -> float:
        """What a call costs."""
        return (self.input * tokens_in + self.output * tokens_out) / 1e6
