"""Protocol `program`: the core writes one arithmetic expression a step, and a calculator evaluates it.

For cores that do not reason. "The result of step K" is replaced by the value that the calculator gave for step K
before the core is asked. The last step's value is the answer.
"""

from collections.abc import Sequence
from fractions import Fraction

from exectune import calculator
from exectune.protocols.execution import Ask, Execution, check_step, instruct
from exectune.strategy import Strategy
from exectune.task import Task

VERSION = "program-1"
STOP = "\n"

STEP_PREFIX = """Instruction: Add 7 to 12.
Expression: 12 + 7

Instruction: Subtract 6 from 30.
Expression: 30 - 6

Instruction: Multiply 9 by 4.
Expression: 9 * 4

Instruction: Divide 56 by 8.
Expression: 56 / 8

"""

ALONE_PREFIX = """Question: A farmer has 4 pens with 12 sheep in each, and 5 goats. How many animals are there?
Expression: 4 * 12 + 5

Question: Nora earns 15 dollars an hour. How much does she earn in 6 hours?
Expression: 15 * 6

Question: There were 80 chairs. 26 were sold and the rest were put into 9 equal rows. How many are in a row?
Expression: (80 - 26) / 9

Question: A jug holds 35 cups. It is filled 3 times and 12 cups are spilt. How many cups are left?
Expression: 35 * 3 - 12

"""


def step_prompt(instruction: str) -> str:
    """The core's prompt for one step, after `STEP_PREFIX`."""
    return f"Instruction: {instruction}\nExpression:"


def alone_prompt(question: str) -> str:
    """The core's prompt for a whole problem, after `ALONE_PREFIX`: one expression for all of it."""
    return f"Question: {question}\nExpression:"


def read_alone(reply: str) -> Fraction:
    """The value of the expression."""
    return calculator.evaluate(reply)


def execute(tasks: Sequence[Task], strategies: Sequence[Strategy], ask: Ask) -> list[Execution]:
    """Have a core carry strategies out: all their first steps in one batch, then all their second steps, and so on.

    Args:
        tasks: not shown to the core: a strategy has to say all.
        strategies: any number of them. Equal prompts are not merged here but by the ledger, which asks once.
        ask: the core.
    """
    del tasks
    executions = [Execution(steps=len(strategy.steps)) for strategy in strategies]
    for depth in range(max((execution.steps for execution in executions), default=0)):
        todo = [
            (execution, instruct(strategy.steps[depth], execution.values))
            for strategy, execution in zip(strategies, executions, strict=True)
            if depth < execution.steps and not execution.reason and not execution.error
        ]
        calls = ask(STEP_PREFIX, [step_prompt(instruction) for _, instruction in todo])
        for (execution, instruction), call in zip(todo, calls, strict=True):
            execution.instructions.append(instruction)
            execution.calls.append(call)
            if call.failure:
                execution.error = call.failure
                continue
            try:
                execution.values.append(check_step(instruction, call.reply.text))
            except calculator.CalculationError as error:
                execution.reason = str(error)
    return executions
