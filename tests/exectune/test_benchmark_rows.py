import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from exectune.annotations import NoSteps
from exectune.benchmark_rows import (
    Kind,
    Options,
    from_gsm8k,
    from_humaneval,
    from_kodcode,
    from_math,
    from_mbpp,
)
from exectune.benchmarks import Wanted, write
from exectune.domains.code import CODE
from exectune.domains.maths import MATHS
from exectune.params import SandboxLimits
from exectune.task import Task
from exectune.taskfile import BadRow, Seen, read, task_of
from exectune.unit_tests import check, plain
from exectune.verify import is_right, steps_value
from tests.exectune.hostile import FORGED

STEPS = Options(max_steps=4, without_steps=False)
HUMANEVAL = {
    "task_id": "HumanEval/900",
    "prompt": 'import math\n\ndef twice(x):\n    return 2 * x\n\ndef grow(x: int) -> int:\n    """Twice x, and 1.\n\n'
    '    >>> grow(3)\n    7\n    """\n',
    "entry_point": "grow",
    "canonical_solution": "    return twice(x) + 1\n",
    "test": 'METADATA = {}\n\ndef check(candidate):\n    """Tests."""\n    assert candidate(1) == 3, "one"\n'
    "    assert candidate(-2) == -3\n    assert True\n",
}
LOOP = "\n\ndef check(candidate):\n    for n in range(9):\n        assert candidate(n) == twice(n) + 1\n"
MBPP = {
    "task_id": 7,
    "text": "Write a function to add 1.",
    "code": "def helper(x):\n    return x\n\ndef plus(x):\n    return helper(x) + 1",
    "test_setup_code": "import math",
    "test_list": ["assert plus(1) == 2", "assert math.isclose(plus(0.5), 1.5)"],
}
KODCODE = {
    "question_id": "k-1",
    "question": "Add two numbers.",
    "solution": "def add(a, b):\n    return a + b\n",
    "test": "from solution import add\n\ndef test_small():\n    assert add(1, 2) == 3\n\ndef test_sum():\n"
    "    assert add(0.1, 0.2) - 0.3 < 1e-9\n",
    "test_info": [{"function_name": "add"}],
    "subset": "Prefill",
}


def task(read_row: Callable[[Any, Options], dict[str, Any]], row: Any) -> Task:
    fields = {"id": "x", "family": "all", "answer": "", "domain": "code"} | read_row(row, STEPS)
    return task_of(fields, "test", 10_000)


def test_humanevals_literal_asserts_become_plain_tests() -> None:
    found = task(from_humaneval, HUMANEVAL)
    assert found.id == "HumanEval/900"
    assert found.tests == ("assert grow(1) == 3", "assert grow(-2) == -3")
    assert found.examples == ("grow(3)",)


def test_other_tests_of_humaneval_stay_whole_with_what_the_prompt_defines() -> None:
    found = task(from_humaneval, HUMANEVAL | {"test": LOOP})
    [test] = found.tests
    assert plain(test, "grow") is None
    assert "def twice" in test
    assert "def grow" not in test
    assert test.endswith("check(grow)\n")


def test_mbpps_asserts_get_their_setup_where_they_need_it() -> None:
    found = task(from_mbpp, MBPP)
    assert found.entry_point == "plus"
    assert found.tests == ("assert plus(1) == 2", "import math\nassert math.isclose(plus(0.5), 1.5)\n")
    assert found.question.endswith("Name the function `plus`.")


def test_kodcodes_test_file_stays_whole() -> None:
    found = task(from_kodcode, KODCODE | {"test_info": json.dumps(KODCODE["test_info"])})
    assert (found.entry_point, found.family, found.examples) == (
        "add",
        "Prefill",
        ("add(1, 2)", "add(0.1, 0.2)"),
    )


@pytest.mark.parametrize(
    ("read_row", "row"),
    [
        (from_humaneval, HUMANEVAL),
        (from_humaneval, HUMANEVAL | {"test": LOOP}),
        (from_mbpp, MBPP),
        (from_kodcode, KODCODE),
    ],
)
def test_the_reference_solution_passes_and_another_fails(
    read_row: Callable[[Any, Options], dict[str, Any]], row: Any, limits: SandboxLimits
) -> None:
    found = task(read_row, row)
    assert CODE.fault(found, limits) == ""
    name = found.entry_point
    assert not CODE.is_right(f"def {name}(*a): return 10 ** 9\n", found, limits)


@pytest.mark.parametrize(
    ("read_row", "row", "reason"),
    [
        (from_humaneval, HUMANEVAL | {"test": "x = 1"}, "the test defines no function check"),
        (from_humaneval, HUMANEVAL | {"test": "def check(candidate) assert"}, "code does not compile"),
        (from_humaneval, {"prompt": 1}, "missing key 'prompt', or not text"),
        (from_humaneval, HUMANEVAL | {"test": "def check(candidate):\n    pass"}, "it never calls"),
        (from_mbpp, MBPP | {"test_list": []}, "no test calls a function of the solution"),
        (from_mbpp, MBPP | {"test_list": ["assert other(1) == 2"]}, "no test calls a function"),
        (from_kodcode, KODCODE | {"test_info": None}, "missing key 'test_info'"),
        (
            from_kodcode,
            KODCODE | {"test_info": [{"function_name": "a"}] * 2},
            "it asks for several functions",
        ),
        (from_math, {"problem": "?", "solution": "4"}, "no .boxed.. in the solution"),
    ],
)
def test_a_row_that_is_no_task_says_why(
    read_row: Callable[[Any, Options], dict[str, Any]], row: Any, reason: str, limits: SandboxLimits
) -> None:
    try:
        found = CODE.fault(task(read_row, row), limits)
    except BadRow as error:
        found = str(error)
    assert re.search(reason, found)


def test_maths_answers_are_what_stands_in_the_last_box() -> None:
    row = {"problem": "Half of 1?", "solution": "It is $\\boxed{\\frac{1}{2}}$.", "type": "Algebra"}
    found = task_of({"id": "m"} | from_math(row, STEPS), "test", 100)
    assert (found.answer, found.family) == ("\\frac{1}{2}", "Algebra")
    assert MATHS.is_right("0.5", found, None)  # type: ignore[arg-type]
    assert not MATHS.is_right("0.4", found, None)  # type: ignore[arg-type]


def test_a_gsm8k_problem_without_gold_steps_may_be_kept() -> None:
    row = {"question": "How many?", "answer": "Three.\n#### 3"}
    with pytest.raises(NoSteps):
        from_gsm8k(row, STEPS)
    kept = from_gsm8k(row, Options(4, without_steps=True))
    assert kept == {"question": "How many?", "answer": "3", "family": "no_steps"}
    with pytest.raises(NoSteps):
        from_gsm8k({"question": "How many?", "answer": "Three."}, Options(4, without_steps=True))


# --- the real ones, where they are -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def benchmarks() -> Path:
    folder = os.environ.get("EXECTUNE_BENCHMARKS")
    if not folder:
        pytest.skip("EXECTUNE_BENCHMARKS names no folder with gsm8k/*.jsonl and humaneval/HumanEval.jsonl.gz")
    return Path(folder)


def imported(kind: Kind, source: Path, out: Path, options: Options) -> dict[str, list[Task]]:
    wanted = Wanted(kind, [str(source)], 0 if kind == "humaneval" else 10**6, 10**6, 0, options)
    done = write(wanted, out, lambda _: "")
    assert done.rows == sum(done.written.values()) + done.not_drawn + sum(row.count for row in done.skipped)
    seen = Seen()
    files = {
        split: read(out / f"{split}.jsonl", split, seen, max_question_chars=10_000) for split in done.written
    }
    assert not any(file.quarantined for file in files.values())
    return {split: file.good for split, file in files.items()}


@pytest.fixture(scope="module")
def humaneval(benchmarks: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Task]:
    out = tmp_path_factory.mktemp("humaneval")
    return imported("humaneval", benchmarks / "humaneval/HumanEval.jsonl.gz", out, STEPS)["test"]


def test_all_canonical_solutions_of_humaneval_pass(humaneval: list[Task], limits: SandboxLimits) -> None:
    assert len(humaneval) == 164
    assert [task.id for task in humaneval if CODE.fault(task, limits)] == []


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
def test_no_forged_solution_of_humaneval_passes(
    forged: str, humaneval: list[Task], limits: SandboxLimits
) -> None:
    short = limits.model_copy(update={"wall_s": 2.0})
    passed = []
    for one in humaneval:
        code = forged.replace("def add(a, b)", f"def {one.entry_point}(*a, **k)")
        if check(code, one.entry_point, one.tests, short).passed:
            passed.append(one.id)
    assert passed == []


def test_all_of_gsm8k_is_imported_and_gold_steps_come_to_the_answer(benchmarks: Path, tmp_path: Path) -> None:
    splits = imported("gsm8k", benchmarks / "gsm8k", tmp_path, Options(max_steps=12, without_steps=True))
    assert pl.read_parquet(tmp_path / "quarantine-gsm8k.parquet").is_empty()
    assert sum(map(len, splits.values())) >= 8_791  # rounding may leave one row undrawn
    stepped = [one for tasks in splits.values() for one in tasks if one.steps]
    assert len(stepped) >= 8_000
    assert all(is_right(str(steps_value(one.steps)), one.answer) for one in stepped)
