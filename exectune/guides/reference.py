"""The reference teacher: gold steps in, strategies out, each step in one of several wordings.

It words a known solution, so it is a reference and not a model: it reads the gold steps, solves no problem,
and says nothing about how good a real teacher would be. Wordings are drawn by seed alone, never by what a
core can do.

`wording_of` goes the other way: which template a step's text is an instance of, for the report.
"""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from exectune.task import Task
from exectune.verify import split_step

OPERATIONS: Mapping[str, str] = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}

# operation: (id, template); {a} is the left operand, {b} the right one. No two begin alike: a guide that decodes
# greedily chooses the operation with the first word.
WORDINGS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "add": (
        ("add/add", "Add {a} to {b}."),
        ("add/combine", "Combine {a} with {b}."),
        ("add/increase", "Increase {a} by {b}."),
        ("add/put", "Put {a} and {b} together."),
        ("add/join", "Join {a} and {b}."),
    ),
    "subtract": (
        ("subtract/subtract", "Subtract {b} from {a}."),
        ("subtract/take_away", "Take {b} away from {a}."),
        ("subtract/reduce", "Reduce {a} by {b}."),
        ("subtract/remove", "Remove {b} from {a}."),
        ("subtract/lower", "Lower {a} by {b}."),
    ),
    "multiply": (
        ("multiply/multiply", "Multiply {a} by {b}."),
        ("multiply/times", "Calculate {a} times {b}."),
        ("multiply/lots", "Total {a} lots of {b}."),
        ("multiply/groups", "Make {a} groups of {b}."),
        ("multiply/repeat", "Repeat {b} {a} times and add it all up."),
    ),
    "divide": (
        ("divide/divide", "Divide {a} by {b}."),
        ("divide/split", "Split {a} into {b} equal parts."),
        ("divide/share", "Share {a} equally among {b}."),
        ("divide/goes_into", "Work out how many times {b} goes into {a}."),
        ("divide/cut", "Cut {a} into {b} even pieces and take one."),
    ),
}
TEMPLATES: Mapping[str, str] = {name: template for group in WORDINGS.values() for name, template in group}
OPERAND = r"(?:-?\d+(?:\.\d+)?|the result of step \d+)"
TRIES = 200


@dataclass(frozen=True)
class Worded:
    """One strategy: the text of each step, and the id of the wording that it is in."""

    steps: tuple[str, ...]
    wordings: tuple[str, ...]


def operation_of(step: str) -> str:
    """The operation of a gold step: `"#1 + 5"` is an `"add"`."""
    return OPERATIONS[split_step(step)[1]]


def word_steps(steps: Sequence[str], wordings: Sequence[str]) -> tuple[str, ...]:
    """The gold steps in the given wordings, one id a step."""
    return tuple(_word(step, wording) for step, wording in zip(steps, wordings, strict=True))


def candidates(task: Task, k: int, seed: int) -> list[Worded]:
    """Up to `k` strategies for one task, no two alike; none for a task without gold steps.

    Fewer than `k` come back only where fewer exist (a single step has as many as its operation has wordings).
    """
    if not task.steps:
        return []
    if task.domain != "maths":  # the steps are words already
        return [Worded(task.steps, ())]
    found: list[Worded] = []
    most = 1
    for step in task.steps:
        most *= len(WORDINGS[operation_of(step)])
    for candidate in range(min(k, most)):
        source = random.Random(f"{seed}/{task.id}/{candidate}")
        worded = _drawn(task.steps, source)
        while worded in found:
            worded = _drawn(task.steps, source)
        found.append(worded)
    return found


def revise(
    task: Task, worded: Worded, failed_step: int | None, tried: Sequence[Worded], seed: int, attempt: int
) -> Worded:
    """The strategy with one step in another wording: the failed one (1 is the first), the others stay.

    `failed_step` None means that all steps were carried out and the answer is wrong: a step is drawn. A
    wording not yet tried for that step comes first; when all were tried, any other one.
    """
    if not worded.wordings:
        return worded
    source = random.Random(f"{seed}/{task.id}/{'/'.join(worded.wordings)}/attempt {attempt}")
    index = source.randrange(len(task.steps)) if failed_step is None else failed_step - 1
    used = {earlier.wordings[index] for earlier in tried} | {worded.wordings[index]}
    names = [name for name, _ in WORDINGS[operation_of(task.steps[index])]]
    fresh = [name for name in names if name not in used]
    others = [name for name in names if name != worded.wordings[index]]
    wordings = list(worded.wordings)
    wordings[index] = source.choice(fresh or others)
    return Worded(word_steps(task.steps, wordings), tuple(wordings))


def operands(step_text: str, wording: str) -> tuple[str, str]:
    """The left and the right operand of a step in that wording: `"Take 2 away from 9."` has `("9", "2")`.

    Raises:
        ValueError: the step is not in that wording.
    """
    found = PATTERNS[wording].fullmatch(step_text.strip())
    if found is None:
        raise ValueError(f"{step_text!r} is not in the wording {wording}")
    return found["a"], found["b"]


def reword(step_text: str, wording: str, into: str) -> str:
    """A step in another wording of its operation."""
    a, b = operands(step_text, wording)
    return TEMPLATES[into].format(a=a.lower(), b=b.lower())


def wording_of(step_text: str) -> str | None:
    """The id of the wording that a step's text is an instance of, or None."""
    text = step_text.strip()
    return next((name for name, pattern in PATTERNS.items() if pattern.fullmatch(text)), None)


def _drawn(steps: Sequence[str], source: random.Random) -> Worded:
    wordings = tuple(source.choice(WORDINGS[operation_of(step)])[0] for step in steps)
    return Worded(word_steps(steps, wordings), wordings)


def _word(step: str, wording: str) -> str:
    left, _, right = split_step(step)
    return TEMPLATES[wording].format(a=_operand(left), b=_operand(right))


def _operand(operand: str) -> str:
    return f"the result of step {operand[1:]}" if operand.startswith("#") else operand


def _pattern(template: str) -> re.Pattern[str]:
    escaped = re.escape(template)
    for name in "ab":
        escaped = escaped.replace(rf"\{{{name}\}}", f"(?P<{name}>{OPERAND})")
    return re.compile(escaped, re.IGNORECASE)


PATTERNS: Mapping[str, re.Pattern[str]] = {name: _pattern(template) for name, template in TEMPLATES.items()}
