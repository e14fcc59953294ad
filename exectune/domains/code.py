"""Code: a Python function is asked for. Right is what passes all tests, run in the sandbox."""

import ast
import re

from exectune.domains.domain import Domain, Teaching
from exectune.params import SandboxLimits
from exectune.protocols.code import CodeProtocol, defines
from exectune.strategy import Strategy
from exectune.task import Task
from exectune.unit_tests import check, read_call

CODE_WORDS = re.compile(r"```|\bdef\s+\w+\s*\(|\blambda\b[^.]*:")
QUOTED = re.compile(r"`([^`]+)`")
HEADER = re.compile(r"(for|while|if|elif|else|with|try)\b.*:")

SHOTS = (
    (
        "Write a function `total_of_doubles(numbers)` that doubles each number of a list and returns their sum.",
        ("Double each number.", "Return the sum of the doubled numbers."),
    ),
    (
        "Write a function `first_long(words)` that returns the first word of more than 3 letters, or None.",
        ("Go through the words, and return the first one that has more than 3 letters.", "Return None."),
    ),
    (
        "Write a function `count_pairs(numbers)` that returns how many neighbours in a list are equal.",
        ("Pair each number with the next one.", "Count the pairs of equal numbers and return the count."),
    ),
)

TEACHING = Teaching(
    about="A strategy is a plan for a Python function. You say in words what its code has to do, and write no code.",
    rules=(
        "Numbered steps, in the order of the code. Each will be a few lines of it: fill a list, choose, return.",
        "Name the arguments as the problem does. Say what happens in cases that are easily forgotten.",
        "Never write a statement, an expression to copy, or a block of code.",
        "The last step returns the result.",
    ),
    not_carried_out={
        "not_a_program": "which does not compile, or defines no function",
        "no_entry_point": "which does not define the function that the problem asks for",
        "step_missing": "which has no code with the number of this step above it",
        "fails_on_example": "which fails, or does not end, on an example call",
    },
    leak="It holds code. Say in words what the code has to do.",
    wrong="The other model carried out each step, and its program does not pass the tests.",
)


def flaw(task: Task) -> str:
    """Why the task cannot be tested."""
    if not task.entry_point.isidentifier():
        return f"entry_point {task.entry_point[:50]!r} is no name of a function"
    if not task.tests:
        return "there are no tests"
    for number, test in enumerate(task.tests, start=1):
        problem = _does_not_compile(test)
        if problem:
            return f"test {number} does not compile: {problem}"
    for example in task.examples:
        if read_call(example, task.entry_point) is None:
            return f"example {example[:50]!r} is no call of {task.entry_point} with literal arguments"
    problem = _does_not_compile(task.solution)
    if problem:
        return f"the solution does not compile: {problem}"
    if task.solution and not defines(task.solution, task.entry_point):
        return f"the solution defines no function {task.entry_point}"
    return ""


def fault(task: Task, limits: SandboxLimits) -> str:
    """Why the reference solution fails the tests; "" when it passes, or there is none."""
    if not task.solution:
        return ""
    verdict = check(task.solution, task.entry_point, task.tests, limits)
    return "" if verdict.passed else f"the solution fails a test: {verdict.reason}"


def gives_away(strategy: Strategy, task: Task) -> bool:
    """Whether the strategy is a program: a fenced block, a `def`, or as many statements as the solution has."""
    if CODE_WORDS.search(strategy.text):
        return True
    found = sum(_statements(piece) for step in strategy.steps for piece in [step, *QUOTED.findall(step)])
    return found >= _length(task.solution)


def _statements(text: str) -> int:
    """How many statements a text consists of; 0 when it is none, or only names a value or a call."""
    code = text.strip()
    code += " pass" if HEADER.fullmatch(code) else ""
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return 0
    return sum(not isinstance(node, ast.Expr) for node in body)


def _length(solution: str) -> int:
    """The statements in a solution's functions, nested ones too, without docstrings; 2 where there is none."""
    if not solution:
        return 2
    inside = [node for node in ast.walk(ast.parse(solution)) if isinstance(node, ast.stmt)]
    others = ast.FunctionDef | ast.Import | ast.ImportFrom | ast.Expr
    return max(1, sum(not isinstance(node, others) for node in inside))


def _does_not_compile(code: str) -> str:
    try:
        compile(code, "test", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return str(error)
    return ""


CODE = Domain(
    name="code",
    flaw=flaw,
    fault=fault,
    is_right=lambda program, task, limits: check(program, task.entry_point, task.tests, limits).passed,
    leaks=gives_away,
    protocols={"code": CodeProtocol},
    shots=SHOTS,
    teaching=TEACHING,
)
