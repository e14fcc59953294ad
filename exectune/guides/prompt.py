"""What a guide is asked: a question in, a prompt out; and the completion that it is trained to write.

A trained guide sees the bare problem. An untrained one is shown how by examples, in the same form.
"""

from collections.abc import Sequence

from exectune.strategy import Strategy

END = "<|im_end|>"

SHOTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "A farmer has 4 pens with 12 sheep in each, and 5 goats. How many animals are there?",
        ("Multiply 4 by 12.", "Add 5 to the result of step 1."),
    ),
    (
        "There were 80 chairs. 26 were sold and the rest were put into 9 equal rows. How many are in a row?",
        ("Take 26 away from 80.", "Share the result of step 1 equally among 9."),
    ),
    (
        "Nora earns 15 dollars an hour. How much does she earn in 6 hours?",
        ("Multiply 15 by 6.",),
    ),
    (
        "A jug holds 35 cups. It is filled 3 times and 12 cups are spilt. How many cups are left?",
        ("Calculate 35 times 3.", "Subtract 12 from the result of step 1."),
    ),
)


def question_prompt(question: str) -> str:
    """The prompt of a trained guide."""
    return f"Problem: {question}\n"


def few_shot_prompt(question: str, shots: Sequence[tuple[str, tuple[str, ...]]] = SHOTS) -> str:
    """The prompt of an untrained guide, with the examples of its domain."""
    shown = [question_prompt(example) + Strategy(steps).text + END + "\n" for example, steps in shots]
    return "".join(shown) + question_prompt(question)
