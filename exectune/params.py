"""params.yaml → frozen models, one a section. `load()` is the only reader.

The file is read as YAML 1.2, as DVC reads and writes it (`1e-3` is a number). An unknown key, a wrong type
and a value out of bounds are each a `ParamsError` that names the key, what stands there and what is allowed.
To add a setting: one line in the section's model and one in params.yaml.
"""

import difflib
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from exectune.errors import ParamsError


class Section(BaseModel):
    """A section of params.yaml: frozen, no unknown keys, no conversion between types, no infinities."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Models(Section):
    guide: str = Field(min_length=1)
    core: str = Field(min_length=1)
    dtype: Literal["auto", "bfloat16", "float32"]
    batch_size: int = Field(ge=1, le=4096)


class Bedrock(Section):
    region: str | None
    profile: str | None
    url: str | None


class OpenAI(Section):
    url: str | None
    key_env: str = Field(min_length=1)


class Endpoints(Section):
    bedrock: Bedrock
    openai: OpenAI


class Calls(Section):
    concurrency: int = Field(ge=1, le=1024)
    attempts: int = Field(ge=1, le=100)
    timeout_s: float = Field(gt=0, le=3600)
    deadline_s: float = Field(gt=0, le=86_400)
    max_failed_share: float = Field(ge=0, le=1)


PAID = r"^(bedrock|openai)/.+$"  # a paid model's name
Setting = str | int | float | bool | None
Usd = Annotated[float, Field(gt=0, le=1_000_000)] | None
Tokens = Annotated[int, Field(gt=0)] | None


class BudgetSection(Section):
    run_usd: Usd
    stage_usd: Usd
    day_usd: Usd
    run_tokens: Tokens
    stage_tokens: Tokens
    day_tokens: Tokens


class RolePrice(Section):
    input: float = Field(ge=0, le=10_000)
    output: float = Field(ge=0, le=10_000)
    cache_read: float | None = Field(None, ge=0, le=10_000)
    cache_write: float | None = Field(None, ge=0, le=10_000)


class Prices(Section):
    core: RolePrice | None
    guide: RolePrice | None
    teacher: RolePrice | None
    judge: RolePrice | None
    prompted: RolePrice | None


class StrategyLimits(Section):
    max_steps: int = Field(ge=1, le=50)
    max_step_chars: int = Field(ge=10, le=2000)


class Protocol(Section):
    name: str = Field(min_length=1)  # one of those in the domains' table, which says so when it is none
    max_new_tokens: int = Field(ge=1, le=4096)


class SandboxLimits(Section):
    isolation: Literal["bubblewrap", "none_this_container_is_the_sandbox"]
    wall_s: float = Field(gt=0, le=600)
    memory_mib: int = Field(ge=64, le=65_536)
    tmp_mib: int = Field(ge=1, le=4096)
    output_kib: int = Field(ge=1, le=65_536)
    processes: int = Field(ge=1, le=1024)


class Prepare(Section):
    max_bad_share: float = Field(ge=0, le=1)
    max_question_chars: int = Field(ge=1, le=100_000)


class Baseline(Section):
    max_new_tokens: int = Field(ge=1, le=4096)


class Teacher(Section):
    name: str = Field(pattern=r"^(reference|self|bedrock/.+|openai/.+)$")
    tasks: int | None = Field(ge=1)
    candidates: int = Field(ge=1, le=64)
    temperature: float = Field(ge=0, le=2)
    max_new_tokens: int = Field(ge=1, le=8192)


class Accept(Section):
    rounds: int = Field(ge=1, le=20)
    settle: bool


class Judge(Section):
    name: str | None = Field(pattern=PAID)
    weight: float = Field(ge=0, le=0.5)  # correctness outweighs it
    faithful: bool
    max_new_tokens: int = Field(ge=1, le=8192)


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
    prompted: str | None = Field(pattern=PAID)
    resamples: int = Field(ge=100, le=1_000_000)
    traces: int = Field(ge=0, le=10_000)


class Promote(Section):
    model_name: str = Field(min_length=1, max_length=100, pattern=r"^[\w.-]+$")
    max_degradation: float = Field(ge=0, le=1)
    max_leak: float = Field(ge=0, le=1)
    usd_per_right_answer: float = Field(gt=0, le=1_000_000)
    max_usd_per_task: float = Field(ge=0, le=1000)


class Canary(Section):
    tasks: int = Field(ge=1, le=1_000_000)
    max_usd: float = Field(gt=0, le=1_000_000)
    false_alarm_rate: float = Field(gt=0, le=0.5)


class Params(Section):
    seed: int = Field(ge=0, le=2**31 - 1)
    models: Models
    endpoints: Endpoints
    calls: Calls
    budgets: BudgetSection
    prices: Prices
    strategy: StrategyLimits
    protocol: Protocol
    sandbox: SandboxLimits
    prepare: Prepare
    baseline: Baseline
    teacher: Teacher
    accept: Accept
    judge: Judge
    sft: Sft
    rl: Rl
    evaluate: Evaluate
    promote: Promote
    canary: Canary


def load(path: Path = Path("params.yaml"), profile: Path | None = None) -> Params:
    """Read and check the settings; `profile` is a file of those that differ, see `exectune.profile`.

    Raises:
        ParamsError: no such file, not YAML, an unknown or missing key, a wrong type, a value out of bounds.
    """
    content = read(path)
    if profile is None:
        return check(content, str(path))
    merge(content, read(profile))
    return check(content, f"{path} with {profile}")


def check(content: Any, where: str) -> Params:
    """The settings, if they are right; an error says `where` they stand.

    Raises:
        ParamsError: an unknown or missing key, a wrong type, a value out of bounds.
    """
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        lines = [_describe(detail) for detail in error.errors()]
        raise ParamsError(f"{where}: " + f"\n{where}: ".join(lines)) from None


def merge(content: Any, changes: Any) -> None:
    """Put values in the places of others, key by key; a section that was null is put in whole."""
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(content.get(key), dict):
            merge(content[key], value)
        else:
            content[key] = value


def flat(params: Params) -> dict[str, Setting]:
    """The settings as `section.key` → value, for a run's parameters."""
    return _flatten(params.model_dump(), "")


def read(path: Path) -> Any:
    """A file of settings as it stands.

    Raises:
        ParamsError: no such file, or not YAML with sections.
    """
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
        kinds = (inner, *get_args(inner))  # a section that may be null is a union
        model = next(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel))
    known = list(model.model_fields)
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"; did you mean `{near[0]}`?" if near else f"; known keys: {', '.join(known)}"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _flatten(values: dict[str, Any], prefix: str) -> dict[str, Setting]:
    rows: dict[str, Setting] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            rows |= _flatten(value, f"{prefix}{key}.")
        else:
            rows[prefix + key] = value
    return rows
