import ast
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exectune.bundled.code.generate import FOLDER, SEEN, SIZES, Maker, make_all, write
from exectune.bundled.code.held_out import HELD_OUT
from exectune.bundled.code.trial import run_solution
from exectune.task import SPLITS

Row = dict[str, Any]


@pytest.fixture(scope="module")
def rows() -> dict[str, list[Row]]:
    lines = {split: (FOLDER / f"{split}.jsonl").read_text(encoding="utf-8").splitlines() for split in SPLITS}
    return {split: [json.loads(line) for line in lines[split]] for split in SPLITS}


@pytest.fixture(scope="module")
def tasks(rows: dict[str, list[Row]]) -> list[Row]:
    return [row for split in SPLITS for row in rows[split]]


def passes(task: Row, function: Callable[..., Any]) -> bool:
    """Whether the function passes all tests of the task."""
    try:
        for test in task["tests"]:
            exec(test, {task["entry_point"]: function})
    except (AssertionError, TypeError, ValueError, AttributeError, LookupError):
        return False
    return True


def solution(task: Row) -> Callable[..., Any]:
    return run_solution(task["solution"], task["entry_point"])


def first_argument(test: str) -> Any:
    """What the call in the test passes first."""
    call = next(node for node in ast.walk(ast.parse(test)) if isinstance(node, ast.Call))
    return ast.literal_eval(call.args[0])


def test_there_are_as_many_tasks_and_families_as_planned(rows: dict[str, list[Row]]) -> None:
    assert {split: len(rows[split]) for split in SPLITS} == SIZES
    assert sum(SIZES.values()) >= 200
    families = {split: {row["family"] for row in rows[split]} for split in SPLITS}
    assert families["train"] == families["dev"] == families["test"] == {family.name for family in SEEN}
    assert families["held_out"] == {family.name for family in HELD_OUT}
    assert len(families["train"]) >= 14
    assert len(families["held_out"]) >= 4
    assert not families["train"] & families["held_out"]


def test_ids_questions_entry_points_and_solutions_are_unique(tasks: list[Row]) -> None:
    for key in ("id", "question", "entry_point", "solution"):
        assert len({task[key] for task in tasks}) == len(tasks), key
    bodies = [task["solution"].partition("\n")[2] for task in tasks]
    assert len(set(bodies)) == len(bodies)


def test_every_solution_passes_its_tests(tasks: list[Row]) -> None:
    assert [task["id"] for task in tasks if not passes(task, solution(task))] == []


def test_a_trivial_function_passes_for_no_task(tasks: list[Row]) -> None:
    for task in tasks:
        assert not passes(task, lambda *_: None), task["id"]
        assert not passes(task, lambda *given: given[0]), task["id"]
        assert not passes(task, lambda *given: given[-1]), task["id"]
        assert len({test.partition(" == ")[2] for test in task["tests"]}) >= 3, task["id"]  # no constant does


def test_no_other_tasks_solution_passes(tasks: list[Row]) -> None:
    functions = {task["id"]: solution(task) for task in tasks}
    for task in tasks:
        assert [name for name, function in functions.items() if passes(task, function)] == [task["id"]]


def test_a_solution_without_one_of_its_conditions_fails(tasks: list[Row]) -> None:
    tried = 0
    for task in tasks:
        careless = re.sub(r" if (?!not records)[^\[\]{}]*?([\]}])", r"\1", task["solution"])
        if careless != task["solution"] and " else " not in task["solution"]:
            tried += 1
            assert not passes(task, run_solution(careless, task["entry_point"])), careless
    assert tried >= 60


def test_a_test_compares_a_call_with_a_literal(tasks: list[Row]) -> None:
    for task in tasks:
        assert 4 <= len(task["tests"]) <= 10
        for test in task["tests"]:
            (statement,) = ast.parse(test).body
            assert isinstance(statement, ast.Assert)
            assert isinstance(statement.test, ast.Compare)
            assert ast.unparse(statement.test.left).startswith(f"{task['entry_point']}(")
            ast.literal_eval(statement.test.comparators[0])


def test_tests_have_an_empty_a_single_and_a_negative_argument(tasks: list[Row]) -> None:
    kinds = {family.name: family.kinds[0] for family in SEEN + HELD_OUT}
    for task in tasks:
        firsts = [first_argument(test) for test in task["tests"]]
        assert any(not first for first in firsts), task["id"]
        if kinds[task["family"]] == "number":
            assert 7 in firsts
        else:
            assert any(len(first) == 1 for first in firsts), task["id"]
        if kinds[task["family"]] in ("numbers", "grid", "table"):
            assert "-" in str(firsts), task["id"]


def test_examples_are_calls_that_run(tasks: list[Row]) -> None:
    for task in tasks:
        assert len(task["examples"]) >= 1
        for example in task["examples"]:
            assert example.startswith(f"{task['entry_point']}(")
            eval(example, {task["entry_point"]: solution(task)})


def test_each_solution_marks_exactly_its_steps(tasks: list[Row]) -> None:
    for task in tasks:
        marks = re.findall(r"^    # step (\d+)$", task["solution"], re.MULTILINE)
        assert marks == [str(number) for number in range(1, len(task["steps"]) + 1)], task["solution"]
        assert task["solution"].count("#") == len(marks)
        assert "# step 1" in task["solution"].splitlines()[1]


def test_solutions_are_short(tasks: list[Row]) -> None:
    for task in tasks:
        assert 1 <= len(task["steps"]) <= 4
        code = [line for line in task["solution"].splitlines() if "# step" not in line]
        assert 2 <= len(code) <= 8, task["solution"]


def test_plans_are_in_plain_words(tasks: list[Row]) -> None:
    for task in tasks:
        for step in task["steps"]:
            assert re.fullmatch(r"[A-Z][A-Za-z0-9 ,;:-]+\.", step), step
            assert "  " not in step


def test_questions_read_as_sentences_and_name_the_call(tasks: list[Row]) -> None:
    for task in tasks:
        signature = task["solution"].partition("\n")[0].removeprefix("def ").removesuffix(":")
        assert f"`{signature}`" in task["question"]
        assert re.fullmatch(r"[A-Z].*[^.]\.", task["question"]), task["question"]
        assert not re.search(r"[{}@]|  |\b[Aa] [aeio]", task["question"]), task["question"]
        assert len(task["question"]) <= 350


def test_the_forms_of_a_family_take_turns() -> None:
    for family in SEEN + HELD_OUT:
        maker = Maker(random.Random(0))
        for _ in range(2 * len(family.forms)):
            maker.make(family)
        assert [maker.forms[family.name, form.name] for form in family.forms] == [2] * len(family.forms)


def test_the_files_in_the_repo_are_what_the_generator_writes(tmp_path: Path) -> None:
    write(tmp_path)
    for split in SPLITS:
        written, kept = (folder / f"{split}.jsonl" for folder in (tmp_path, FOLDER))
        assert written.read_bytes() == kept.read_bytes(), (
            f"run python -m exectune.bundled.code.generate ({split})"
        )


def test_another_seed_makes_other_tasks(tasks: list[Row]) -> None:
    assert make_all(seed=1)["train"][0] != tasks[0]
