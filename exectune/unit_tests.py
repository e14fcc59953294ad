"""Unit tests: does a program pass the tests of its task. In: code that a model wrote, tests. Out: a verdict.

A test is Python, and there are two ways to run one:

- `assert f([1, 2]) == 3`, a call with literal arguments and a literal value: the sandbox makes the call, and its
  value is compared here, kind by kind (`values.same`).
- Anything else (loops, random arguments, tolerances, functions named `test…`): it runs as a *judge* in a second
  sandbox, where the function is a proxy. Each call goes to the program's sandbox, and its plain value comes back.

Either way the program only ever yields values. It never sees a test, and what it does to builtins, frames, pipes, exit
codes or `__eq__` stays in a process that decides nothing. A test that never called the function is not passed. What
cannot cross (a function as an argument, an object of the program's own class as a value) fails the test.
"""

import ast
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from exectune.errors import SandboxLost
from exectune.params import SandboxLimits
from exectune.sandbox import Job, warm
from exectune.values import Unsendable, decode, encode, same

T = TypeVar("T")
JUDGE_FACTOR = 2  # a judge waits for the program too


@dataclass(frozen=True)
class Call:
    """The arguments of one call, as JSON."""

    arguments: Any
    named: Any


@dataclass(frozen=True)
class Pair:
    """A call and the value that it must give."""

    call: Call
    expected: Any


@dataclass(frozen=True)
class Verdict:
    """Whether all tests passed; else why not, in one line that names the test."""

    passed: bool
    reason: str = ""


def check(code: str, entry_point: str, tests: Sequence[str], limits: SandboxLimits) -> Verdict:
    """Run all tests on a program; every judge gets a program of its own.

    Raises:
        SandboxError: there is no sandbox.
    """
    if not tests:
        return Verdict(False, "there are no tests")
    return _again_if_lost(
        lambda: _check(code, entry_point, tests, limits), Verdict(False, "the sandbox was lost twice")
    )


def _check(code: str, entry_point: str, tests: Sequence[str], limits: SandboxLimits) -> Verdict:
    pairs = {test: pair for test in tests if (pair := plain(test, entry_point))}
    verdict = _compare(code, entry_point, pairs, limits) if pairs else Verdict(True)
    for test in tests:
        if verdict.passed and test not in pairs:
            verdict = _judge(code, entry_point, test, limits)
    return verdict


def run_examples(code: str, entry_point: str, examples: Sequence[str], limits: SandboxLimits) -> str:
    """Why a program does not run on the examples (calls such as `f(1, 2)`), or "" when it does, whatever it returns."""
    calls = [read_call(example, entry_point) for example in examples]
    nothing: tuple[list[dict[str, Any]], str] = ([], "the sandbox was lost twice")
    answers, ended = _again_if_lost(
        lambda: _answers(code, entry_point, [call for call in calls if call], limits), nothing
    )
    for answer in answers:
        if "raised" in answer:
            return str(answer["raised"][0])
    return "" if len(answers) == 1 + len(calls) else ended


def plain(test: str, entry_point: str) -> Pair | None:
    """The call and value of a plain test; None for any other."""
    try:
        (statement,) = ast.parse(test).body
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    compared = statement.test if isinstance(statement, ast.Assert) else None
    if not isinstance(compared, ast.Compare) or len(compared.ops) != 1:
        return None
    if not isinstance(compared.ops[0], ast.Eq | ast.Is):
        return None
    call = _call(compared.left, entry_point)
    try:
        return Pair(call, ast.literal_eval(compared.comparators[0])) if call else None
    except (ValueError, TypeError):
        return None


def read_call(text: str, entry_point: str) -> Call | None:
    """A call with literal arguments; None for any other text."""
    try:
        return _call(ast.parse(text, mode="eval").body, entry_point)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None


def _call(node: ast.AST, entry_point: str) -> Call | None:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == entry_point):
        return None
    try:
        arguments = [encode(ast.literal_eval(argument)) for argument in node.args]
        named = {keyword.arg: ast.literal_eval(keyword.value) for keyword in node.keywords}
    except (ValueError, TypeError, Unsendable):
        return None
    return None if None in named else Call(arguments, encode(named))


def _again_if_lost(run: Callable[[], T], otherwise: T) -> T:
    """Run once more, in a new sandbox, when the sandbox was lost; what takes it down twice has failed."""
    for _ in range(2):
        with suppress(SandboxLost):
            return run()
    return otherwise


def _compare(code: str, entry_point: str, pairs: dict[str, Pair], limits: SandboxLimits) -> Verdict:
    answers, ended = _answers(code, entry_point, [pair.call for pair in pairs.values()], limits)
    if not answers:
        return Verdict(False, f"not loaded: {ended}")
    if "value" not in answers[0]:
        return Verdict(False, f"not loaded: {_said(answers[0])}")
    for number, (test, pair) in enumerate(pairs.items(), start=1):
        if number == len(answers):
            return Verdict(False, f"{ended}: {_short(test)}")
        answer = answers[number]
        if "value" not in answer or not same(decode(answer["value"]), pair.expected):
            return Verdict(False, f"{_said(answer)}: {_short(test)}")
    return Verdict(True)


def _answers(
    code: str, entry_point: str, calls: Sequence[Call], limits: SandboxLimits
) -> tuple[list[dict[str, Any]], str]:
    """What loading and each call answered, as far as it came, and why the job ended."""
    job = _program(code, entry_point, asked=False) | {
        "calls": [[call.arguments, call.named] for call in calls]
    }
    answers: list[dict[str, Any]] = []
    with warm(limits, "programs").job(job) as running:
        while len(answers) <= len(calls) and (answer := _read(running)):
            answers.append(answer)
    return answers, running.ended


def _read(program: Job) -> dict[str, Any] | None:
    """The program's next answer, of one of the three forms; None when there is none. It may be forged: it only tells
    what the program claims that the function returned."""
    line = program.read()
    match line:
        case {"value": value}:
            try:
                decode(value)
                return {"value": value} if json.dumps(value) else None
            except (Unsendable, RecursionError, ValueError):
                return {"unsendable": "malformed"}
        case {"raised": [str(name), str(message)]}:
            return {"raised": [name[:100], message[:300]]}
        case {"unsendable": str(name)}:
            return {"unsendable": name[:100]}
        case _:
            return None


def _judge(code: str, entry_point: str, test: str, limits: SandboxLimits) -> Verdict:
    programs, judges = warm(limits, "programs"), warm(limits, "judges")
    job = {"role": "judge", "test": test, "entry_point": entry_point}
    with (
        programs.job(_program(code, entry_point, asked=True)) as program,
        judges.job(job, wall_s=JUDGE_FACTOR * limits.wall_s) as judge,
    ):
        loaded = _read(program)
        if loaded is None or "value" not in loaded:
            return Verdict(False, f"not loaded: {_said(loaded)}")
        while isinstance(line := judge.read(), dict) and "call" in line:
            program.write(line["call"])
            answer = _read(program)
            if answer is None:
                program.finish()
                return Verdict(False, f"{program.ended}: {_short(test)}")
            judge.write(answer)
        if not isinstance(line, dict):
            return Verdict(False, f"the test ended early: {judge.ended}")
        if line["verdict"] != "passed":
            return Verdict(False, f"{line['why']}: {_short(test)}")
        return (
            Verdict(True)
            if line["calls"]
            else Verdict(False, f"it never calls {entry_point}: {_short(test)}")
        )


def _program(code: str, entry_point: str, *, asked: bool) -> dict[str, Any]:
    return {"role": "program", "code": code, "entry_point": entry_point, "calls": [], "asked": asked}


def _said(answer: dict[str, Any] | None) -> str:
    if answer is None:
        return "no answer"
    if "raised" in answer:
        return " ".join(answer["raised"]).strip()
    return "another value" if "value" in answer else f"a value that is not plain, {answer['unsendable']}"


def _short(test: str) -> str:
    line = " ".join(test.split())
    return line if len(line) <= 100 else line[:97] + "..."
