"""Protocol `direct`: the core carries the whole strategy out in one reply, a labelled line a step.

For cores that reason. One call a task:

    Step 1: 48 / 2 = 24
    Step 2: 48 + 24 = 72
    Answer: 72

A step was carried out when its line has an expression that does what the step says, and the result is the
expression's (it may be rounded). The answer has to be the last step's result.

What no arithmetic can say, as in many problems of MATH, is written in LaTeX, and the answer is then carried as text:

    Step 1: \\sqrt{50} = 5\\sqrt{2}
    Answer: 5\\sqrt{2}

Of such a step it is only checked that its line has the numbers that the step names, and has maths as its result.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from exectune import calculator, latex
from exectune.protocols.execution import Ask, Execution, check_step, instruct
from exectune.strategy import Strategy, numbers
from exectune.task import Task

VERSION = "direct-2"
STOP = ""

PREFIX = """You carry out a given strategy for a problem. Work through its steps in order, exactly as they say. For
each step write one line of the form

Step K: EXPRESSION = RESULT

where EXPRESSION is arithmetic with numbers only (+ - * / and parentheses) and RESULT is its value. Where a step is no
arithmetic, or its result no number, write both as a line of LaTeX. Then write one line

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

Answer: RESULT

with the number that is asked for, without a unit, or in LaTeX what is no number.
"""

STEP = re.compile(r"^\W*Step\s+(\d+)\W*:[\s*_]*(\S.*)$", re.IGNORECASE)
ANSWER = re.compile(r"^\W*Answer\W*:[\s*_]*(\S.*?)[\s*_]*$", re.IGNORECASE | re.MULTILINE)
SOLVED = re.compile(r"(.*?\S)\s*=\s*(\$?-?[\d,]*\.?\d+\D*)")  # "3 * 8 = 24 pens"
EQUATION = re.compile(r"(.*\S)\s*=\s*(\S.*)")
NUMBER = re.compile(r"\W*?(-?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?)(?<=\d)(\D*)")
UNIT = re.compile(r"\\(?:text|mathrm|mbox)\{[^{}]*\}|\\[%$,;! ]|\^\{?\\circ\}?")
MORE = re.compile(r"[-+*/(]?[a-z]\b|.*[\\^_+{]", re.IGNORECASE)  # of a number: "3x", not "3 pens"
DELIMITERS = re.compile(r"\\[()\[\]]|\*\*|\$")


def alone_prompt(question: str) -> str:
    """The core's prompt for a whole problem, after `ALONE_PREFIX`."""
    return f"Problem: {question}\n"


def read_alone(reply: str) -> Fraction | str:
    """What the last line that gives an answer says: a number, or text."""
    found = ANSWER.findall(reply)
    if not found:
        raise calculator.CalculationError("answer_differs")
    number = number_in(found[-1])
    return Fraction(number) if number else plain(found[-1])


def plain(text: str) -> str:
    """Maths without what it is set in: dollar signs, `\\boxed{…}`, a full stop."""
    return DELIMITERS.sub("", latex.boxed(text) or text).strip().removesuffix(".").strip()


def number_in(text: str) -> str | None:
    """The number that a text gives, as it is written, its unit left out; None where the text is more, or none."""
    found = NUMBER.fullmatch(UNIT.sub(" ", plain(text)))
    return found[1].replace(",", "") if found and not MORE.match(found[2]) else None


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
    lines = {int(match[1]): match[2] for line in reply.splitlines() if (match := STEP.match(line))}
    try:
        for number, step in enumerate(strategy.steps, start=1):
            execution.instructions.append(instruct(step, execution.values))
            value = _value(execution.instructions[-1], lines.get(number, ""))
            last = number == len(strategy.steps)
            if last and not any(_says(answer, value) for answer in ANSWER.findall(reply)[-1:]):
                raise calculator.CalculationError("answer_differs")
            execution.values.append(value)
    except calculator.CalculationError as error:
        execution.reason = str(error)


def _value(instruction: str, line: str) -> Fraction | str:
    """The result of a line that carries an instruction out: a number, or text where it is no arithmetic.

    Raises:
        CalculationError: it does not; the reason is a `FailReason`.
    """
    found = SOLVED.fullmatch(line)
    solved = found is not None and number_in(found[2]) is not None
    found = found if solved else EQUATION.fullmatch(line)
    if found is None:
        raise calculator.CalculationError("step_missing")
    work, result = found.groups()
    try:
        value: Fraction | str = check_step(instruction, work)
    except calculator.CalculationError as error:
        if solved or str(error) != "not_an_expression":
            raise
        value = plain(result)
        if set(numbers(instruction)) - set(numbers(work)):
            raise calculator.CalculationError("operand_missing") from None
        if not latex.is_expression(value):
            raise
    if not _says(result, value):
        raise calculator.CalculationError("result_differs")
    return value


def _says(text: str, value: Fraction | str) -> bool:
    """Whether a text gives a value; a number as precisely as it is written."""
    number = number_in(text)
    if number and isinstance(value, Fraction):
        return _rounds_to(value, number)
    return latex.equal(plain(text), str(value))


def _rounds_to(value: Fraction, written: str) -> bool:
    """Whether a number is written as precisely as its decimals allow."""
    number = Decimal(written)
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return abs(value - Fraction(number)) <= Fraction(1, 2) * Fraction(10) ** exponent * (exponent < 0)
