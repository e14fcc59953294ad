"""Domain: what the pipeline must know of a kind of task. Data, and functions of a task; see the README to add one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from exectune.params import SandboxLimits
from exectune.protocols.execution import CoreProtocol
from exectune.strategy import Strategy
from exectune.task import Task

Shot = tuple[str, tuple[str, ...]]  # a question and the steps of a strategy for it


@dataclass(frozen=True)
class Teaching:
    """What a model is told that writes strategies for this kind of task, and after one that failed."""

    # What a strategy is a plan for, and what it leaves to the core. `rules` say how to write one, a line each.
    about: str
    rules: Sequence[str]
    # By the protocols' reasons: what is wrong with what the core wrote, as the end of "It wrote …, which …".
    not_carried_out: Mapping[str, str]
    # What it means that the strategy leaks; and that each step was carried out, and the verifier says no.
    leak: str
    wrong: str


@dataclass(frozen=True)
class Domain:
    """One kind of task; `name` is the `domain` of its tasks."""

    name: str
    # How to read a task: why a row of a task file cannot be one, or "". `flaw` looks; `fault` may run what it brings.
    flaw: Callable[[Task], str]
    fault: Callable[[Task, SandboxLimits], str]
    # The verifier.
    is_right: Callable[[str, Task, SandboxLimits], bool]
    # Whether a strategy gives away what the core is to work out.
    leaks: Callable[[Strategy, Task], bool]
    # How a core carries a strategy out, by the name that `protocol.name` in params.yaml has.
    protocols: Mapping[str, Callable[[SandboxLimits], CoreProtocol]]
    # What an untrained guide is shown; and what a teacher is told, with the first of these as its example.
    shots: Sequence[Shot]
    teaching: Teaching
