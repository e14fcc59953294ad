"""What a model is asked when it is the teacher: a question in, a strategy out; then what went wrong, a better one out.

It sees the question and what the core made of its strategy, never the gold answer. In its replies, what stands around
the block is left out.
"""

from exectune.outcome import Outcome
from exectune.strategy import BLOCK, Strategy, parse

VERSION = "teacher-1"
STOP = "</strategy>"

PREFIX = """You write strategies. A strategy is a plan for a word problem, which another model will carry out step by
step. You say what to compute, and compute nothing yourself.

Write one block and nothing else. For example, for a farmer with 4 pens of 12 sheep each and 5 goats:

<strategy>
1. Multiply 4 by 12.
2. Add 5 to the result of step 1.
</strategy>

- Numbered steps, one operation each: add, subtract, multiply or divide two numbers.
- The other model may not see the problem: each step names its numbers, in digits, or an earlier result as "the result
  of step K".
- Never write the result of a step, nor the answer.
- The last step gives the answer.
- At most {max_steps} steps, each of at most {max_step_chars} characters.
"""

INVALID = {
    "missing_block": "It has no <strategy> … </strategy> block, or the block does not end.",
    "text_outside": "It has more than one block.",
    "no_steps": "The block is empty.",
    "bad_numbering": "Each line of the block has to be one step, numbered 1, 2, 3 and so on.",
    "empty_step": "A step has a number and no words.",
    "dangling_reference": "A step uses the result of a step that does not come before it.",
    "too_many_steps": "It has too many steps.",
    "too_long": "A step is too long.",
    "leak": "It names a result. Say only what to compute.",
}
NOT_CARRIED_OUT = {
    "not_an_expression": "which is no arithmetic expression",
    "operand_missing": "which leaves out a number that the step names",
    "operand_invented": "which uses a number that the step does not name",
    "step_missing": "which has no line for this step",
    "result_differs": "where the result is not that of the expression",
    "answer_differs": "where the answer is not the last step's result",
}


def system_prompt(max_steps: int, max_step_chars: int) -> str:
    """What all the teacher's prompts begin with."""
    return PREFIX.format(max_steps=max_steps, max_step_chars=max_step_chars)


def first_prompt(question: str) -> str:
    """The prompt for a task's first strategies."""
    return f"Problem: {question}\n"


def revision_prompt(outcome: Outcome) -> str:
    """The prompt for another strategy, after one that failed."""
    return (
        f"{first_prompt(outcome.question)}\nYour strategy was\n\n{outcome.strategy}\n\n{feedback(outcome)}\n\n"
        "Write another strategy, with simpler words or other steps.\n"
    )


def feedback(outcome: Outcome) -> str:
    """What went wrong: the failing step and the core's reply. It never holds the gold answer."""
    if not outcome.valid:
        return INVALID[outcome.reason]
    replies = "\n".join(outcome.replies)
    if outcome.failed_step is not None:
        strategy = parse(outcome.strategy, max_steps=10_000, max_step_chars=100_000)
        assert isinstance(strategy, Strategy), "it was carried out, so it parses"
        step = strategy.steps[outcome.failed_step - 1]
        reply = outcome.replies[min(outcome.failed_step, len(outcome.replies)) - 1]
        why = NOT_CARRIED_OUT.get(outcome.reason, "which has no usable value")
        return f'The other model did not carry out step {outcome.failed_step}, "{step}". It wrote\n\n{reply}\n\n{why}.'
    if not outcome.in_budget:
        return f"The other model wrote too much:\n\n{replies}"
    return f"The other model carried out each step, and the result is not the answer. It wrote\n\n{replies}"


def block_of(text: str, stopped: bool) -> str:
    """The strategy in a reply; the whole reply where there is none. `stopped` at `STOP`, which is then not in it."""
    whole = text + STOP if stopped and "<strategy>" in text and STOP not in text else text
    found = BLOCK.search(whole)
    return found.group(0) if found else text.strip()
