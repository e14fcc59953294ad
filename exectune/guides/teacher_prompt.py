"""What a model is asked when it is the teacher: a question in, a strategy out; then what went wrong, a better one out.

It sees the question and what the core made of its strategy, never the gold answer. In its replies, what stands around
the block is left out.
"""

from exectune.domains.table import DOMAINS, of_protocol
from exectune.outcome import Outcome
from exectune.params import Params
from exectune.strategy import BLOCK, Strategy, parse

VERSION = "teacher-2"
STOP = "</strategy>"

PREFIX = """You write strategies. {about} Another model will carry it out step by step.

Write one block and nothing else. For example, for the problem

{question}

write

{strategy}

{rules}
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
}
NO_VALUE = "which has no usable value"


def system_prompt(params: Params) -> str:
    """What all the teacher's prompts begin with, for the kind of tasks that the protocol is for."""
    domain, limits = of_protocol(params.protocol.name), params.strategy
    question, steps = domain.shots[0]
    return PREFIX.format(
        about=domain.teaching.about,
        question=question,
        strategy=Strategy(steps).text,
        rules="\n".join(f"- {rule}" for rule in domain.teaching.rules),
        max_steps=limits.max_steps,
        max_step_chars=limits.max_step_chars,
    )


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
    teaching = DOMAINS[outcome.domain].teaching
    if not outcome.valid:
        return teaching.leak if outcome.reason == "leak" else INVALID[outcome.reason]
    replies, why = "\n".join(outcome.replies), teaching.not_carried_out.get(outcome.reason, NO_VALUE)
    if outcome.failed_step is not None:
        strategy = parse(outcome.strategy, max_steps=10_000, max_step_chars=100_000)
        assert isinstance(strategy, Strategy), "it was carried out, so it parses"
        step = strategy.steps[outcome.failed_step - 1]
        reply = outcome.replies[min(outcome.failed_step, len(outcome.replies)) - 1]
        return f'The other model did not carry out step {outcome.failed_step}, "{step}". It wrote\n\n{reply}\n\n{why}.'
    if not outcome.in_budget:
        return f"The other model wrote too much:\n\n{replies}"
    if not outcome.executed:
        return f"The other model did not carry it out. It wrote\n\n{replies}\n\n{why}."
    return f"{teaching.wrong} It wrote\n\n{replies}"


def block_of(text: str, stopped: bool) -> str:
    """The strategy in a reply; the whole reply where there is none. `stopped` at `STOP`, which is then not in it."""
    whole = text + STOP if stopped and "<strategy>" in text and STOP not in text else text
    found = BLOCK.search(whole)
    return found.group(0) if found else text.strip()
