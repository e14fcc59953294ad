"""LocalModel: weights loaded here, called like any paid model. It serves as core and as guide."""

from collections.abc import Sequence

from exectune.cores.base import Exchange, Reply, Sampling, answer_in_batches
from exectune.generation import Network, generate

SORTED = 2  # batches that are taken at once, so that they can be sorted by length


class LocalModel:
    """A loaded network behind the `Model` protocol."""

    def __init__(self, network: Network, *, batch_size: int) -> None:
        self.network = network
        self.name = network.identity
        self.paid = False
        self.batch_size = batch_size

    def answer(self, exchange: Exchange, sampling: Sampling) -> None:
        """Work on the exchange's calls until it has no more."""
        answer_in_batches(self.generate, exchange, sampling, batch=SORTED * self.batch_size)

    def generate(self, prompts: Sequence[str], sampling: Sampling) -> list[Reply]:
        """One reply a prompt, in order; batched."""
        return generate(self.network, prompts, sampling, batch_size=self.batch_size)
