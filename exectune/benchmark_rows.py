"""Benchmark rows: a row as a benchmark has it → the keys of a task. One function a benchmark, one table of all.

Where a benchmark has tests of several forms, they become texts that `unit_tests.py` runs: plain asserts one by one
where that is possible (`assert f(1) == 2`), else the whole test.
"""

import ast
import doctest
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from exectune.annotations import NoSteps, convert, final_answer, operations
from exectune.latex import boxed
from exectune.taskfile import BadRow
from exectune.unit_tests import plain, read_call

Kind = Literal["gsm8k", "math", "humaneval", "mbpp", "kodcode", "jsonl", "csv", "parquet"]
Row = dict[str, Any]
MAX_EXAMPLES = 2


@dataclass(frozen=True)
class Options:
    """What gold steps a problem needs: at most so many, and whether those without any are kept too."""

    max_steps: int
    without_steps: bool


@dataclass(frozen=True)
class Benchmark:
    """How rows are read, and where they come from when nothing else is said."""

    read: Callable[[Row, Options], Row]
    source: str
    licence: str


def from_gsm8k(row: Row, options: Options) -> Row:
    """A question, and a worked solution with calculator annotations."""
    question, text = _text(row, "question"), _text(row, "answer")
    fields: Row = {"question": " ".join(question.split())}
    try:
        solution = convert(question, text, options.max_steps)
    except NoSteps as error:
        if not options.without_steps or error.reason == "no_answer":
            raise
        return fields | {"answer": final_answer(text), "family": "no_steps"}
    steps = list(solution.steps)
    return fields | {"steps": steps, "answer": solution.answer, "family": operations(solution.steps)}


def from_math(row: Row, _: Options) -> Row:
    """A problem, and a solution whose answer is in a box; no gold steps."""
    answer = boxed(_text(row, "solution"))
    if answer is None:
        raise BadRow("no \\boxed{} in the solution")
    family = row.get("type") or row.get("subject") or "all"
    return {"question": _text(row, "problem"), "answer": answer, "family": str(family)}


def from_humaneval(row: Row, _: Options) -> Row:
    """A prompt that is the beginning of a program, and a function `check(candidate)`."""
    prompt, entry_point = _text(row, "prompt"), _text(row, "entry_point")
    given = _helpers(prompt, entry_point)
    tests = _asserts(_text(row, "test"), entry_point) or [
        f"{given}\n\n{_text(row, 'test')}\n\ncheck({entry_point})\n".lstrip()
    ]
    return {
        "id": row.get("task_id"),
        "question": f"Complete this program.\n{prompt}",
        "entry_point": entry_point,
        "tests": tests,
        "examples": _examples(prompt, tests, entry_point),
        "solution": prompt + _text(row, "canonical_solution"),
    }


def from_mbpp(row: Row, _: Options) -> Row:
    """A sentence, a solution, and asserts that name the function."""
    question = row.get("text") or row.get("prompt")
    if not isinstance(question, str):
        raise BadRow("missing key 'text', or not text")
    asserts, setup = list(row.get("test_list") or []), row.get("test_setup_code") or ""
    if isinstance(row.get("test_imports"), list):
        setup = "\n".join([*row["test_imports"], setup])
    entry_point = _called(asserts, _text(row, "code"))
    tests = [text if plain(text, entry_point) else f"{setup}\n{text}\n".lstrip() for text in asserts]
    return {
        "id": f"mbpp-{row.get('task_id')}" if "task_id" in row else None,
        "question": f"{question.strip()} Name the function `{entry_point}`.",
        "entry_point": entry_point,
        "tests": tests,
        "examples": _examples("", tests, entry_point),
        "solution": _text(row, "code"),
    }


def from_kodcode(row: Row, _: Options) -> Row:
    """A question, a solution, and a test file of functions `test_…` that import from `solution`."""
    declared = row.get("test_info")
    if isinstance(declared, str):
        declared = json.loads(declared)
    if not declared or not isinstance(declared[0], dict) or "function_name" not in declared[0]:
        raise BadRow("missing key 'test_info' with a function_name")
    if len(declared) > 1:
        raise BadRow("it asks for several functions")
    entry_point = str(declared[0]["function_name"])
    tests = [_text(row, "test")]
    return {
        "id": row.get("question_id"),
        "question": f"{_text(row, 'question').strip()}\nName the function `{entry_point}`.",
        "entry_point": entry_point,
        "tests": tests,
        "examples": _examples(tests[0], tests, entry_point),
        "solution": _text(row, "solution"),
        "family": str(row.get("subset") or row.get("style") or "all"),
    }


def from_table(row: Row, _: Options) -> Row:
    """Columns that are named as the keys of a task, or were mapped to them."""
    filled = {key: value for key, value in row.items() if value not in (None, "")}
    answer = filled.get("answer")
    if type(answer) in (int, float):
        filled["answer"] = str(answer)
    if isinstance(filled.get("steps"), str):  # "3 * 8; #1 + 5"
        filled["steps"] = [step.strip() for step in filled["steps"].split(";")]
    return filled


BENCHMARKS: Mapping[Kind, Benchmark] = {
    "gsm8k": Benchmark(from_gsm8k, "openai/grade-school-math", "MIT"),
    "math": Benchmark(from_math, "hendrycks/math", "MIT"),
    "humaneval": Benchmark(from_humaneval, "openai/human-eval", "MIT"),
    "mbpp": Benchmark(from_mbpp, "google-research/mbpp", "CC-BY-4.0"),
    "kodcode": Benchmark(from_kodcode, "KodCode/KodCode-V1", "CC-BY-NC-4.0"),
    "jsonl": Benchmark(from_table, "", ""),
    "csv": Benchmark(from_table, "", ""),
    "parquet": Benchmark(from_table, "", ""),
}


def _text(row: Row, key: str) -> str:
    if not isinstance(row.get(key), str):
        raise BadRow(f"missing key {key!r}, or not text")
    return str(row[key])


def _parsed(code: str) -> list[ast.stmt]:
    try:
        return ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BadRow(f"code does not compile: {error}") from None


def _helpers(prompt: str, entry_point: str) -> str:
    """What the prompt defines beside the function that is asked for: tests may use it."""
    body = _parsed(f"{prompt.rstrip()}\n    pass\n")
    return "\n".join(
        ast.unparse(node)
        for node in body
        if not (isinstance(node, ast.FunctionDef) and node.name == entry_point)
    )


def _asserts(test: str, entry_point: str) -> list[str]:
    """The asserts of `check(candidate)`, when each is a literal call compared with a literal; else none."""
    check = next(
        (node for node in _parsed(test) if isinstance(node, ast.FunctionDef) and node.name == "check"), None
    )
    if check is None:
        raise BadRow("the test defines no function check")
    found = []
    for node in check.body:
        if isinstance(node, ast.Assert) and not (
            isinstance(node.test, ast.Constant) and node.test.value is True
        ):
            text = ast.unparse(ast.Assert(_Renamed(entry_point).visit(node.test), None))
            if plain(text, entry_point) is None:
                return []
            found.append(text)
        elif not isinstance(node, ast.Assert | ast.Pass) and not _is_text(node):
            return []
    return found


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


class _Renamed(ast.NodeTransformer):
    def __init__(self, entry_point: str) -> None:
        self.entry_point = entry_point

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.entry_point, node.ctx) if node.id == "candidate" else node


def _examples(prompt: str, tests: list[str], entry_point: str) -> list[str]:
    """Calls for the examples: those that the prompt shows, else calls that the tests make."""
    try:
        shown = [example.source.strip() for example in doctest.DocTestParser().get_examples(prompt)]
    except ValueError:
        shown = []
    made = [
        ast.unparse(node)
        for test in tests
        for statement in _parsed(test)
        for node in ast.walk(statement)
        if isinstance(node, ast.Call)
    ]
    for calls in (shown, made):
        good = [call for call in dict.fromkeys(calls) if read_call(call, entry_point)]
        if good:
            return good[:MAX_EXAMPLES]
    return []


def _called(asserts: list[Any], solution: str) -> str:
    """The function of the solution that the first assert calls."""
    defined = {node.name for node in _parsed(solution) if isinstance(node, ast.FunctionDef)}
    for text in asserts:
        if not isinstance(text, str):
            raise BadRow("test_list must be a list of texts")
        for node in (inner for statement in _parsed(text) for inner in ast.walk(statement)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in defined:
                return node.func.id
    raise BadRow("no test calls a function of the solution")
