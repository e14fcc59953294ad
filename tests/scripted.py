"""Models that answer by a rule and have no weights (a word is a token), and small tasks and outcomes for them.

`carry_out` is the rule of a core: it understands "Add", "Subtract", "Multiply" and "Divide", misreads "Reduce", and
does not understand anything else. Alone it answers every question with `1 + 1`.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from exectune.cores.base import Exchange, Reply, Sampling, answer_in_batches
from exectune.outcome import Outcome
from exectune.strategy import Strategy
from exectune.task import Task

TASK = Task(
    id="test-0001",
    split="test",
    family="boxes",
    question="Ana has 3 boxes of 8 pens and 5 loose pens. How many pens has she?",
    steps=("3 * 8", "#1 + 5"),
    answer="29",
)
GOLD = Strategy(("Multiply 3 by 8.", "Add 5 to the result of step 1.")).text
WRONG = Strategy(("Add 8 to 3.", "Add 5 to the result of step 1.")).text
NOT_CARRIED_OUT = Strategy(("Multiply 3 by 8.", "Reduce the result of step 1 by 5.")).text
LEAK = Strategy(("Multiply 3 by 8.", "The answer is 29.")).text

OPERAND = r"(-?\d+(?:\.\d+)?)"
RULES = {
    f"Add {OPERAND} to {OPERAND}.": r"\1 + \2",
    f"Subtract {OPERAND} from {OPERAND}.": r"\2 - \1",
    f"Multiply {OPERAND} by {OPERAND}.": r"\1 * \2",
    f"Divide {OPERAND} by {OPERAND}.": r"\1 / \2",
    f"Reduce {OPERAND} by {OPERAND}.": r"\1 * 10",
    f"Slowly add {OPERAND} to {OPERAND}.": r"\1 " + "+ " * 14 + r"\2",  # sixteen tokens
}


class Scripted:
    """A model that answers by a rule and remembers what it was asked."""

    def __init__(self, name: str, rule: Callable[[str], str]) -> None:
        self.name, self.rule, self.paid = name, rule, False
        self.asked: list[str] = []

    def answer(self, exchange: Exchange, sampling: Sampling) -> None:
        answer_in_batches(self.generate, exchange, sampling, batch=256)

    def generate(self, prompts: Sequence[str], sampling: Sampling) -> list[Reply]:
        self.asked += prompts
        return [self._reply(prompt, sampling) for prompt in prompts]

    def _reply(self, prompt: str, sampling: Sampling) -> Reply:
        text = self.rule(prompt)
        return Reply(text, len(prompt.split()), min(len(text.split()), sampling.max_new_tokens), 0.5)


def carry_out(prompt: str) -> str:
    """One expression for the instruction, or the question, at the end of a prompt."""
    last = prompt.split("\n\n")[-1]
    if last.startswith("Question: "):
        return "1 + 1"
    instruction = last.removeprefix("Instruction: ").removesuffix("\nExpression:")
    for pattern, reply in RULES.items():
        if re.fullmatch(pattern, instruction):
            return re.sub(pattern, reply, instruction)
    return "I do not understand."


def core() -> Scripted:
    """The core of the tests."""
    return Scripted("scripted core", carry_out)


def task(number: int) -> Task:
    """One of many tasks that all are solved by `plan(number)`."""
    question = f"Ben has {number} bags of 8 nuts. How many nuts has he?"
    return Task(f"train-{number:04d}", "train", "bags", question, (f"{number} * 8",), str(8 * number))


def plan(number: int) -> str:
    """The strategy for `task(number)`."""
    return Strategy((f"Multiply {number} by 8.",)).text


def outcome(**changes: object) -> Outcome:
    """A right outcome for `TASK`, with changes."""
    made = Outcome(
        run_id="run",
        arm="rl",
        seed=0,
        task_id=TASK.id,
        split=TASK.split,
        family=TASK.family,
        domain=TASK.domain,
        guide="scripted guide",
        core="scripted core",
        protocol="program-1",
        question=TASK.question,
        strategy=GOLD,
        valid=True,
        reason="",
        executed=True,
        in_budget=True,
        correct=True,
        leak=False,
        answer="29",
        gold="29",
        replies=("3 * 8", "5 + 24"),
        failed_step=None,
        guide_tokens_in=20,
        guide_tokens_out=10,
        core_tokens_in=100,
        core_tokens_out=6,
        usd=0.001,
        latency_s=1.5,
        cached=False,
    )
    return replace(made, **changes)  # type: ignore[arg-type]
