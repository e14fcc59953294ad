"""Protocol `direct`: the core carries the whole strategy out in one reply, a labelled line a step.

For cores that reason. One call a task:

    Step 1: 48 / 2 = 24
    Step 2: 48 + 24 = 72
    Answer: 72

A step was carried out when its line has an expression that does what the step says, and the result is the
expression's (it may be rounded). The answer has to be the last step's result.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from exectune import calculator
from exectune.protocols.execution import Ask, Execution, check_step, instruct
from exectune.strategy import Strategy
from exectune.task import Task

VERSION = "direct-1"
STOP = ""

PREFIX = """You carry out a given strategy for a problem. Work through its steps in order, exactly as they say. For
each step write one line of the form

Step K: EXPRESSION = RESULT

where EXPRESSION is arithmetic with numbers only (+ - * / and parentheses) and RESULT is its value. Then write one line

Answer: RESULT

with the result of the last step, without a unit. Write nothing else.

For example, for a problem with the strategy

<strategy>
1. Divide 48 by 2.
2. Add 48 to the result of step 1.
</strategy>

write

Step 1: 48 / 2 = 24
Step 2: 24 + 48 = 72
Answer: 72
"""

ALONE_PREFIX = """You solve a word problem. Think step by step, briefly. Then write one line

Answer: NUMBER

with the number that is asked for, without a unit.
"""

STEP = re.compile(r"^\W*Step\s+(\d+)\W*:[\s*_]*(\S.*?)\s*=\s*\$?(-?[\d,]*\.?\d+)\D*$", re.IGNORECASE)
ANSWER = re.compile(r"^\W*Answer\W*:\W*?(-?[\d,]*\.?\d+)\D*$", re.IGNORECASE | re.MULTILINE)


def alone_prompt(question: str) -> str:
    """The core's prompt for a whole problem, after `ALONE_PREFIX`."""
    return f"Problem: {question}\n"


def read_alone(reply: str) -> Fraction:
    """The number in the last line that gives an answer."""
    found = ANSWER.findall(reply)
    if not found:
        raise calculator.CalculationError("answer_differs")
    return Fraction(found[-1].replace(",", ""))


def execute(tasks: Sequence[Task], strategies: Sequence[Strategy], ask: Ask) -> list[Execution]:
    """Have a core carry strategies out, one call each."""
    prompts = [
        f"Problem: {task.question}\n\n{strategy.text}\n"
        for task, strategy in zip(tasks, strategies, strict=True)
    ]
    executions = []
    for strategy, call in zip(strategies, ask(PREFIX, prompts), strict=True):
        execution = Execution(steps=len(strategy.steps), calls=[call], error=call.failure)
        if not execution.error:
            _read(strategy, call.reply.text, execution)
        executions.append(execution)
    return executions


def _read(strategy: Strategy, reply: str, execution: Execution) -> None:
    lines = {
        int(match.group(1)): match.groups()[1:] for line in reply.splitlines() if (match := STEP.match(line))
    }
    try:
        for number, step in enumerate(strategy.steps, start=1):
            execution.instructions.append(instruct(step, execution.values))
            if number not in lines:
                raise calculator.CalculationError("step_missing")
            expression, result = lines[number]
            value = check_step(execution.instructions[-1], expression)
            if not _rounds_to(value, result):
                raise calculator.CalculationError("result_differs")
            last = number == len(strategy.steps)
            if last and not any(_rounds_to(value, answer) for answer in ANSWER.findall(reply)[-1:]):
                raise calculator.CalculationError("answer_differs")
            execution.values.append(value)
    except calculator.CalculationError as error:
        execution.reason = str(error)


def _rounds_to(value: Fraction, written: str) -> bool:
    """Whether a number is written as precisely as its decimals allow."""
    number = Decimal(written.replace(",", ""))
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return abs(value - Fraction(number)) <= Fraction(1, 2) * Fraction(10) ** exponent * (exponent < 0)
