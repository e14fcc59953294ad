"""params.yaml → frozen models, one a section. `load()` is the only reader.

The file is read as YAML 1.2, as DVC reads and writes it (`1e-3` is a number). An unknown key, a wrong type
and a value out of bounds are each a `ParamsError` that names the key, what stands there and what is allowed.
To add a setting: one line in the section's model and one in params.yaml.
"""

import difflib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from exectune.errors import ParamsError
from exectune.prices import Price


class Section(BaseModel):
    """A section of params.yaml: frozen, no unknown keys, no conversion between types, no infinities."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Models(Section):
    guide: str = Field(min_length=1)
    core: str = Field(min_length=1)
    dtype: Literal["auto", "bfloat16", "float32"]
    batch_size: int = Field(ge=1, le=4096)


class RolePrice(Section):
    input: float = Field(ge=0, le=10_000)
    output: float = Field(ge=0, le=10_000)


class Prices(Section):
    core: RolePrice
    guide: RolePrice
    teacher: RolePrice

    def by_role(self) -> dict[str, Price]:
        """The prices as the ledger takes them."""
        return {role: Price(price.input, price.output) for role, price in self}


class StrategyLimits(Section):
    max_steps: int = Field(ge=1, le=50)
    max_step_chars: int = Field(ge=10, le=2000)


class Protocol(Section):
    max_new_tokens: int = Field(ge=1, le=4096)


class Prepare(Section):
    max_bad_share: float = Field(ge=0, le=1)
    max_question_chars: int = Field(ge=1, le=100_000)


class Baseline(Section):
    max_new_tokens: int = Field(ge=1, le=4096)


class Teacher(Section):
    name: Literal["reference"]
    candidates: int = Field(ge=1, le=64)


class Accept(Section):
    rounds: int = Field(ge=1, le=20)


class Sft(Section):
    max_steps: int = Field(ge=1, le=1_000_000)
    batch_size: int = Field(ge=1, le=4096)
    learning_rate: float = Field(gt=0, le=1)
    lora_rank: int = Field(ge=1, le=1024)


class Reward(Section):
    correct: float = Field(ge=0, le=100)
    executed: float = Field(ge=0, le=100)
    degrade: float = Field(ge=0, le=100)
    cost: float = Field(ge=0, le=100)


class Rl(Section):
    max_steps: int = Field(ge=1, le=1_000_000)
    prompts_per_step: int = Field(ge=1, le=4096)
    group_size: int = Field(ge=2, le=1024)  # GRPO compares within a group
    learning_rate: float = Field(gt=0, le=1)
    temperature: float = Field(gt=0, le=5)
    max_new_tokens: int = Field(ge=1, le=4096)
    screen_tasks: int = Field(ge=1, le=1_000_000)
    screen_samples: int = Field(ge=1, le=64)
    scale_rewards: Literal["none", "group", "batch"]
    reward: Reward


class Evaluate(Section):
    max_new_tokens: int = Field(ge=1, le=4096)
    resamples: int = Field(ge=100, le=1_000_000)


class Promote(Section):
    model_name: str = Field(min_length=1, max_length=100, pattern=r"^[\w.-]+$")
    max_degradation: float = Field(ge=0, le=1)
    max_leak: float = Field(ge=0, le=1)
    usd_per_right_answer: float = Field(gt=0, le=1_000_000)
    max_usd_per_task: float = Field(ge=0, le=1000)


class Params(Section):
    seed: int = Field(ge=0, le=2**31 - 1)
    models: Models
    prices: Prices
    strategy: StrategyLimits
    protocol: Protocol
    prepare: Prepare
    baseline: Baseline
    teacher: Teacher
    accept: Accept
    sft: Sft
    rl: Rl
    evaluate: Evaluate
    promote: Promote


def load(path: Path = Path("params.yaml")) -> Params:
    """Read and check the settings.

    Raises:
        ParamsError: no such file, not YAML, an unknown or missing key, a wrong type, a value out of bounds.
    """
    content = _read(path)
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        lines = [_describe(detail) for detail in error.errors()]
        raise ParamsError(f"{path}: " + f"\n{path}: ".join(lines)) from None


def flat(params: Params) -> dict[str, str | int | float | bool]:
    """The settings as `section.key` → value, for a run's parameters."""
    return _flatten(params.model_dump(), "")


def _read(path: Path) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ParamsError(f"{path} is missing: run from the project's root folder") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ParamsError(f"{path} cannot be read: {error}") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise ParamsError(f"{where}: not YAML: {str(error.problem).splitlines()[0]}") from None
    except YAMLError as error:
        raise ParamsError(f"{path}: not YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(content, dict):
        raise ParamsError(f"{path}: expected sections such as `models:` and `rl:`, found {content!r}")
    return content


def _describe(detail: ErrorDetails) -> str:
    *section, key = (str(part) for part in detail["loc"])
    place = f"`{key}` in section `{'.'.join(section)}`" if section else f"`{key}` at the top level"
    if detail["type"] == "extra_forbidden":
        return f"unknown key {place}{_nearest(section, key)}"
    if detail["type"] == "missing":
        return f"missing key {place}"
    if detail["type"] == "model_type":
        return f"{place} must be a section with keys, found {detail['input']!r}"
    return f"{place} is {detail['input']!r}: {_lower_first(detail['msg'])}"


def _nearest(section: list[str], key: str) -> str:
    model: type[BaseModel] = Params
    for name in section:
        inner = model.model_fields[name].annotation
        assert isinstance(inner, type)
        assert issubclass(inner, BaseModel)
        model = inner
    known = list(model.model_fields)
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"; did you mean `{near[0]}`?" if near else f"; known keys: {', '.join(known)}"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _flatten(values: dict[str, Any], prefix: str) -> dict[str, str | int | float | bool]:
    rows: dict[str, str | int | float | bool] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            rows |= _flatten(value, f"{prefix}{key}.")
        else:
            rows[prefix + key] = value
    return rows
