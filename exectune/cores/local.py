"""LocalModel: weights loaded here, called like any paid model. It serves as core and as guide."""

from collections.abc import Sequence

from exectune.cores.base import Reply, Sampling
from exectune.generation import Network, generate


class LocalModel:
    """A loaded network behind the `Model` protocol."""

    def __init__(self, network: Network, *, batch_size: int) -> None:
        self.network = network
        self.name = network.identity
        self.batch_size = batch_size

    def generate(self, prompts: Sequence[str], sampling: Sampling) -> list[Reply]:
        """One reply a prompt, in order; batched."""
        return generate(self.network, prompts, sampling, batch_size=self.batch_size)
