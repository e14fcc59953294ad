"""Protocol `code`: the core writes one Python function that follows the strategy and marks where each step is.

    def total_of_doubles(numbers):
        # step 1
        doubled = [n * 2 for n in numbers]
        # step 2
        return sum(doubled)

A strategy was carried out when the reply compiles, defines the function that the task asks for, has code below a mark
for each step, in order, and runs on the task's example calls without an exception, within the sandbox's limits. What
it returns is not looked at: whether it is right is for the tests alone.
"""

import ast
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from exectune.calculator import CalculationError
from exectune.params import SandboxLimits
from exectune.protocols.execution import Ask, Execution
from exectune.strategy import Strategy
from exectune.task import Task
from exectune.unit_tests import run_examples

END = "§"  # no Python has it, and a small model ends a reply by one token only

PREFIX = f'''You write a Python function that solves a problem by a given strategy. Carry out each step as it says, in
order. Begin the code of each step with a comment that is its number, and end the program with a line "{END}". Write
the program only, with the imports that it needs.

Problem: Write a function `total_of_doubles(numbers)` that doubles each number of a list and returns their sum.
<strategy>
1. Double each number.
2. Return the sum of the doubled numbers.
</strategy>
Program:
def total_of_doubles(numbers):
    # step 1
    doubled = [n * 2 for n in numbers]
    # step 2
    return sum(doubled)
{END}

Problem: Write a function `first_long(words)` that returns the first word of more than 3 letters, or None.
<strategy>
1. Go through the words, and return the first one that has more than 3 letters.
2. Return None.
</strategy>
Program:
def first_long(words):
    # step 1
    for w in words:
        if len(w) > 3:
            return w
    # step 2
    return None
{END}

Problem: Write a function `clean_names(names)` that strips each name of a list and returns those that are not empty.
<strategy>
1. Start with an empty list.
2. For each name, strip it, and put it into the list if it is not empty.
3. Return the list.
</strategy>
Program:
def clean_names(names):
    # step 1
    cleaned = []
    # step 2
    for n in names:
        n = n.strip()
        if n:
            cleaned.append(n)
    # step 3
    return cleaned
{END}

'''

ALONE_PREFIX = f'''You write a Python function that solves a problem. Write the program only, with the imports that it
needs, and end it with a line "{END}".

Problem: Write a function `total_of_doubles(numbers)` that doubles each number of a list and returns their sum.
Program:
def total_of_doubles(numbers):
    doubled = [n * 2 for n in numbers]
    return sum(doubled)
{END}

Problem: Write a function `first_long(words)` that returns the first word of more than 3 letters, or None.
Program:
def first_long(words):
    for w in words:
        if len(w) > 3:
            return w
    return None
{END}

Problem: Write a function `clean_names(names)` that strips each name of a list and returns those that are not empty.
Program:
def clean_names(names):
    cleaned = []
    for n in names:
        n = n.strip()
        if n:
            cleaned.append(n)
    return cleaned
{END}

'''

FENCE = re.compile(r"```(?:python|py)?[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL)
MARK = re.compile(r"^[ \t]*# ?step (\d+)\b.*$", re.IGNORECASE | re.MULTILINE)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
FailReason = Literal[
    "not_a_program",  # it does not compile, or holds no function
    "no_entry_point",  # it does not define the function
    "step_missing",  # no mark for a step, or no code below it
    "fails_on_example",  # an exception, or beyond a limit of the sandbox
]


@dataclass
class CodeExecution(Execution):
    """What the core wrote; `program` is empty where the reply holds none."""

    program: str = ""
    missing: int | None = None  # the first step that is not marked

    @property
    def executed(self) -> bool:
        return bool(self.program) and not self.reason

    @property
    def failed_step(self) -> int | None:
        return self.missing

    @property
    def answer(self) -> str | None:
        """The program, carried out or not: the tests may pass all the same."""
        return self.program or None


@dataclass(frozen=True)
class CodeProtocol:
    """The protocol with the limits of the sandbox that programs run in."""

    limits: SandboxLimits
    VERSION: str = "code-1"
    STOP: str = END
    ALONE_PREFIX: str = ALONE_PREFIX

    def execute(self, tasks: Sequence[Task], strategies: Sequence[Strategy], ask: Ask) -> list[Execution]:
        """Have the core carry strategies out, one for each task, in one batch."""
        prompts = [
            f"Problem: {task.question}\n{strategy.text}\nProgram:\n"
            for task, strategy in zip(tasks, strategies, strict=True)
        ]
        executions: list[Execution] = []
        for task, strategy, call in zip(tasks, strategies, ask(PREFIX, prompts), strict=True):
            execution = CodeExecution(steps=len(strategy.steps), calls=[call], error=call.failure)
            if not call.failure:
                self._check(execution, task, call.reply.text)
            executions.append(execution)
        return executions

    def alone_prompt(self, question: str) -> str:
        return f"Problem: {question}\nProgram:\n"

    def read_alone(self, reply: str) -> str:
        program = program_of(reply)
        if not program:
            raise CalculationError("not_a_program")
        return program

    def _check(self, execution: CodeExecution, task: Task, reply: str) -> None:
        execution.program = program_of(reply)
        missing = first_missing(execution.program, execution.steps)
        named = task.entry_point  # a task that is served has no tests, and names none
        if not execution.program:
            execution.reason = "not_a_program"
        elif named and not defines(execution.program, named):
            execution.reason = "no_entry_point"
        elif missing:
            execution.reason, execution.missing = "step_missing", missing
        elif named and run_examples(execution.program, named, task.examples, self.limits):
            execution.reason = "fails_on_example"


def program_of(reply: str) -> str:
    """The program in a reply, from its first fenced block if there is one; empty when it does not compile or defines no
    function."""
    fenced = FENCE.search(reply)
    text = fenced.group(1) if fenced else reply
    program = textwrap.dedent(text.partition(END)[0]).strip()
    try:
        compile(program, "reply", "exec", dont_inherit=True)
        body = ast.parse(program).body
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return ""
    return program + "\n" if any(isinstance(node, FUNCTIONS) for node in body) else ""


def defines(program: str, entry_point: str) -> bool:
    """Whether a program defines a function of that name."""
    return any(isinstance(node, FUNCTIONS) and node.name == entry_point for node in ast.parse(program).body)


def first_missing(program: str, steps: int) -> int | None:
    """The first step that is not marked in its order with code below the mark, or None."""
    pieces = MARK.split(program)  # what is above, "1", the code below the mark of step 1, "2", …
    marked = dict(zip(pieces[1::2], pieces[2::2], strict=True))
    if [int(number) for number in pieces[1::2]] != list(range(1, steps + 1)):
        return next((n for n in range(1, steps + 1) if pieces[2 * n - 1 : 2 * n] != [str(n)]), steps)
    for number in range(1, steps + 1):
        lines = [line.strip() for line in marked[str(number)].splitlines()]
        if not any(line and not line.startswith("#") for line in lines):
            return number
    return None
