from collections.abc import Sequence

import pytest

from exectune.calculator import CalculationError
from exectune.cores.base import Reply
from exectune.ledger import Billed
from exectune.params import SandboxLimits
from exectune.protocols.code import ALONE_PREFIX, PREFIX, CodeProtocol, first_missing, program_of
from exectune.protocols.execution import Execution
from exectune.strategy import Strategy
from tests.exectune.domains.test_code import TASK

PLAN = Strategy(("Add the numbers.", "Return the sum."))
GOOD = "def add(a, b):\n    # step 1\n    total = a + b\n    # step 2\n    return total\n"


def carried_out(reply: str, limits: SandboxLimits) -> Execution:
    def ask(prefix: str, prompts: Sequence[str]) -> list[Billed]:
        assert prefix == PREFIX
        assert PLAN.text in prompts[0]
        assert TASK.question in prompts[0]
        assert "assert" not in prompts[0]  # nobody is shown the tests
        return [Billed(Reply(reply, 10, 10, 0.1), 0.0, False)]

    (execution,) = CodeProtocol(limits).execute([TASK], [PLAN], ask)
    return execution


@pytest.mark.parametrize(
    "reply",
    [
        GOOD,
        f"Here it is:\n```python\n{GOOD}```\nDone.",
        GOOD + "§\n\nProblem: another",
        GOOD.replace("# s", "#S"),
    ],
)
def test_a_program_that_marks_its_steps_and_runs_is_carried_out(reply: str, limits: SandboxLimits) -> None:
    execution = carried_out(reply, limits)
    assert (execution.executed, execution.reason, execution.failed_step) == (True, "", None)
    assert isinstance(execution.answer, str)
    assert execution.answer.startswith("def add")


def test_whether_it_is_right_does_not_matter(limits: SandboxLimits) -> None:
    assert carried_out(GOOD.replace("a + b", "a - b"), limits).executed


@pytest.mark.parametrize(
    ("reply", "reason", "step"),
    [
        ("I cannot do this.", "not_a_program", None),
        ("", "not_a_program", None),
        (GOOD.replace("def add", "def sum_of"), "no_entry_point", None),
        (GOOD.replace("# step 2", "#"), "step_missing", 2),
        (GOOD.replace("# step 1", "# step 3"), "step_missing", 1),
        ("def add(a, b):\n    # step 1\n    # step 2\n    return a + b\n", "step_missing", 1),
        (GOOD + "    # step 3\n", "step_missing", 2),
        (GOOD.replace("a + b", "a + c"), "fails_on_example", None),
        (GOOD.replace("total = a + b", "while True: pass"), "fails_on_example", None),
        ("import os\n" + GOOD.replace("total =", "os._exit(0); total ="), "fails_on_example", None),
    ],
)
def test_what_is_not_carried_out_says_why(
    reply: str, reason: str, step: int | None, limits: SandboxLimits
) -> None:
    execution = carried_out(reply, limits.model_copy(update={"wall_s": 0.5}))
    assert (execution.executed, execution.reason, execution.failed_step) == (False, reason, step)


def test_a_program_without_marks_may_still_be_right(limits: SandboxLimits) -> None:
    execution = carried_out("def add(a, b):\n    return a + b\n", limits)
    assert not execution.executed
    assert execution.answer == "def add(a, b):\n    return a + b\n"


def test_a_call_that_failed_is_an_error_and_no_verdict(limits: SandboxLimits) -> None:
    failed = Billed(Reply("", 0, 0, 0.0), 0.0, False, "fatal: gone")
    (execution,) = CodeProtocol(limits).execute([TASK], [PLAN], lambda *_: [failed])
    assert (execution.error, execution.reason, execution.answer) == ("fatal: gone", "", None)


def test_alone_a_core_writes_a_program_too(limits: SandboxLimits) -> None:
    protocol = CodeProtocol(limits)
    assert protocol.read_alone(" def f():\n     return 1\n§") == "def f():\n    return 1\n"
    with pytest.raises(CalculationError, match="not_a_program"):
        protocol.read_alone("no")


@pytest.mark.parametrize("prefix", [PREFIX, ALONE_PREFIX])
def test_the_programs_that_a_core_is_shown_are_programs(prefix: str) -> None:
    shown = [piece.partition("§")[0] for piece in prefix.split("Program:\n")[1:]]
    assert len(shown) == 3
    for piece in shown:
        assert program_of(piece)
        if prefix == PREFIX:
            assert first_missing(piece, piece.count("# step ")) is None
