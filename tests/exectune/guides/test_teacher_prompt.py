from typing import get_args

import pytest

from exectune.domains.code import CODE
from exectune.domains.domain import Domain
from exectune.domains.maths import MATHS
from exectune.domains.table import DOMAINS
from exectune.guides.teacher_prompt import INVALID, block_of, feedback, system_prompt
from exectune.params import Params
from exectune.protocols import code, execution
from exectune.strategy import REASONS, Strategy, parse
from tests.scripted import GOLD, outcome


def with_protocol(settings: Params, name: str) -> Params:
    return settings.model_copy(update={"protocol": settings.protocol.model_copy(update={"name": name})})


def test_every_reason_has_words() -> None:
    assert {*INVALID, "leak"} == set(REASONS)
    assert set(MATHS.teaching.not_carried_out) <= set(get_args(execution.FailReason))
    assert set(CODE.teaching.not_carried_out) == set(get_args(code.FailReason))


@pytest.mark.parametrize("domain", DOMAINS.values(), ids=DOMAINS.keys())
def test_the_example_in_the_prompt_is_a_strategy(domain: Domain, settings: Params) -> None:
    for protocol in domain.protocols:
        prompt = system_prompt(with_protocol(settings, protocol))
        assert "At most 6 steps, each of at most 120 characters" in prompt
        assert domain.shots[0][0] in prompt
        strategy = parse(block_of(prompt, False), max_steps=6, max_step_chars=120)
        assert strategy == Strategy(domain.shots[0][1])
        assert all(rule in prompt for rule in domain.teaching.rules)


@pytest.mark.parametrize(
    ("reply", "stopped", "expected"),
    [
        (GOLD, True, GOLD),
        (f"Sure!\n{GOLD}\nGood luck.", True, GOLD),
        (GOLD.removesuffix("</strategy>"), True, GOLD),  # the stop is not in the reply
        (GOLD.removesuffix("</strategy>"), False, GOLD.removesuffix("</strategy>").strip()),  # cut off
        (" I cannot. ", True, "I cannot."),
    ],
)
def test_the_block_is_taken_out_of_a_reply(reply: str, stopped: bool, expected: str) -> None:
    assert block_of(reply, stopped) == expected


def test_feedback_quotes_the_reply_to_the_failing_step_and_not_the_gold_answer() -> None:
    failed = outcome(
        executed=False, correct=False, failed_step=1, reason="not_an_expression", replies=("no idea",)
    )
    assert 'step 1, "Multiply 3 by 8.". It wrote\n\nno idea\n\nwhich is no arithmetic' in feedback(failed)
    whole = outcome(
        executed=False, correct=False, failed_step=2, reason="step_missing", replies=("Step 1: …",)
    )
    assert 'step 2, "Add 5 to the result of step 1."' in feedback(whole)
    assert "29" not in feedback(failed) + feedback(whole)


def test_feedback_on_a_reply_that_is_too_long_says_so() -> None:
    assert feedback(outcome(in_budget=False)).startswith("The other model wrote too much")


PLAN = Strategy(("Add the numbers.", "Return the sum.")).text
PROGRAM = "def add(a, b):\n    # step 1\n    return a + b"


@pytest.mark.parametrize(
    ("reason", "step", "said"),
    [
        ("step_missing", 2, f'step 2, "Return the sum.". It wrote\n\n{PROGRAM}\n\nwhich has no code with'),
        (
            "no_entry_point",
            None,
            f"carry it out. It wrote\n\n{PROGRAM}\n\nwhich does not define the function",
        ),
        ("fails_on_example", None, f"carry it out. It wrote\n\n{PROGRAM}\n\nwhich fails, or does not end"),
        ("", None, f"its program does not pass the tests. It wrote\n\n{PROGRAM}"),
    ],
)
def test_feedback_on_a_program_says_what_is_wrong_with_it(reason: str, step: int | None, said: str) -> None:
    failed = outcome(
        domain="code",
        strategy=PLAN,
        executed=not reason,
        correct=False,
        failed_step=step,
        reason=reason,
        replies=(PROGRAM,),
    )
    assert said in feedback(failed)


def test_a_program_that_was_cut_off_is_too_long() -> None:
    cut = outcome(domain="code", strategy=PLAN, executed=False, in_budget=False, reason="not_a_program")
    assert feedback(cut).startswith("The other model wrote too much")


def test_a_leak_is_told_in_the_words_of_its_domain() -> None:
    assert feedback(outcome(valid=False, reason="leak")) == "It names a result. Say only what to compute."
    assert "holds code" in feedback(outcome(domain="code", valid=False, reason="leak"))
