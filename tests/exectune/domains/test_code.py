import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exectune.bundled.code.generate import FOLDER
from exectune.domains.code import CODE
from exectune.params import SandboxLimits
from exectune.strategy import Strategy
from exectune.task import SPLITS, Task
from exectune.taskfile import Seen, TaskFile, read

TASK = Task(
    id="c-1",
    split="test",
    family="sums",
    question="Write a function `add(a, b)` that adds two numbers.",
    steps=("Add the numbers and return the sum.",),
    answer="",
    domain="code",
    entry_point="add",
    tests=("assert add(1, 2) == 3",),
    examples=("add(1, 2)",),
    solution="def add(a, b):\n    # step 1\n    total = a + b\n    # step 2\n    return total\n",
)


@pytest.mark.parametrize("split", SPLITS)
def test_every_bundled_task_is_one_and_its_solution_passes(split: str, limits: SandboxLimits) -> None:
    path = FOLDER / f"{split}.jsonl"
    file = read(path, split, Seen(), max_question_chars=800, fault=lambda task: CODE.fault(task, limits))  # type: ignore[arg-type]
    assert file.quarantined == []
    assert {task.domain for task in file.good} == {"code"}
    for task in file.good:
        assert not CODE.leaks(Strategy(task.steps), task), task.steps
        assert not CODE.is_right(f"def {task.entry_point}(*a): return None\n", task, limits)


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no tests": ({"tests": []}, "there are no tests"),
    "tests as text": ({"tests": "assert add(1, 2) == 3"}, "tests must be a list of texts"),
    "a test that does not compile": (
        {"tests": ["assert add(1, 2) ==="]},
        "test 1 does not compile: invalid syntax",
    ),
    "no entry point": ({"entry_point": ""}, "entry_point '' is no name of a function"),
    "an example that is no call": ({"examples": ["add(x)"]}, "example 'add(x)' is no call of add"),
    "a solution that does not compile": ({"solution": "def add("}, "the solution does not compile"),
    "a solution of another name": (
        {"solution": "def sub(a, b): return a"},
        "the solution defines no function add",
    ),
    "a solution that fails": (
        {"solution": "def add(a, b):\n    return a - b\n"},
        "the solution fails a test: another value: assert add(1, 2) == 3",
    ),
    "a solution that hangs": (
        {"solution": "def add(a, b):\n    while True: pass\n"},
        "the solution fails a test: wall_clock",
    ),
    "a domain that is not there": ({"domain": "coed"}, "unknown domain 'coed'; known domains: maths, code"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_row_that_cannot_be_tested_is_quarantined_and_the_next_one_is_read(
    case: str, tmp_path: Path, limits: SandboxLimits
) -> None:
    change, reason = BAD[case]
    row = {
        key: getattr(TASK, key)
        for key in ("id", "family", "question", "answer", "domain", "entry_point", "solution")
    }
    row |= {"steps": list(TASK.steps), "tests": list(TASK.tests), "examples": list(TASK.examples)}
    good = row | {"id": "good", "question": "Write `add(a, b)`, which adds."}
    file = read_rows([row | change, good], tmp_path / "test.jsonl", limits.model_copy(update={"wall_s": 0.5}))
    [bad] = file.quarantined
    assert bad.reason.startswith(reason)
    assert [task.id for task in file.good] == ["good"]


def read_rows(rows: list[dict[str, Any]], path: Path, limits: SandboxLimits) -> TaskFile:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return read(path, "test", Seen(), max_question_chars=800, fault=lambda task: CODE.fault(task, limits))


@pytest.mark.parametrize(
    ("steps", "leaks"),
    [
        (("Add the numbers.", "Return the sum."), False),
        (("Use `a + b`.", "Return the sum."), False),
        (("Call `sum` on the two.",), False),
        (("Let `total = a + b`.", "Return it."), False),  # one statement of two
        (("```python", "return a + b"), True),
        (("def add(a, b): return a + b",), True),
        (("Use add = lambda a, b: a + b",), True),
        (("total = a + b", "return total"), True),
        (("Write `total = a + b`, then `return total`.",), True),
        (("Return the list.", "If it is empty, return nothing.", "For each word, do it."), False),
    ],
)
def test_a_strategy_that_is_a_program_leaks(steps: tuple[str, ...], leaks: bool) -> None:
    assert CODE.leaks(Strategy(steps), TASK) is leaks


def test_without_a_solution_two_statements_are_a_leak() -> None:
    bare = replace(TASK, solution="")
    assert CODE.leaks(Strategy(("x = a + b", "return x")), bare)
    assert not CODE.leaks(Strategy(("return a + b",)), bare)


def test_a_program_is_right_when_all_tests_pass(limits: SandboxLimits) -> None:
    assert CODE.is_right("def add(a, b): return a + b", TASK, limits)
    assert not CODE.is_right("def add(a, b): return 3.5", TASK, limits)
    assert not CODE.is_right("", TASK, limits)
