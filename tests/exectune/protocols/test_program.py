from collections.abc import Sequence
from fractions import Fraction

import pytest

from exectune.calculator import CalculationError
from exectune.cores.base import Sampling
from exectune.ledger import Billed, Ledger
from exectune.protocols.execution import Ask, Execution, check_step, instruct
from exectune.protocols.program import ALONE_PREFIX, STEP_PREFIX, alone_prompt, step_prompt
from exectune.protocols.program import execute as execute_for
from exectune.strategy import Strategy
from exectune.task import Task
from tests.scripted import Scripted, core

TASK = Task("t", "test", "boxes", "How many?", (), "29")
BOXES = Strategy(("Multiply 3 by 8.", "Add 5 to the result of step 1."))


def asking(model: Scripted, ledger: Ledger) -> Ask:
    def ask(prefix: str, prompts: Sequence[str]) -> list[Billed]:
        return ledger.complete(model, prompts, Sampling(16), role="core", prefix=prefix)

    return ask


def execute(strategies: Sequence[Strategy], ask: Ask) -> list[Execution]:
    return execute_for([TASK] * len(strategies), strategies, ask)


@pytest.mark.parametrize(
    ("instruction", "reply", "value"),
    [
        ("Add 7 to 12.", " 12 + 7", "19"),
        ("Add 7 to 12.", "7 + 12", "19"),
        ("Add 7 to 12.", "12 * 7", "84"),  # which operation the words mean is the verifier's concern
        ("Add 24 to 24.", "24 + 24", "48"),
        ("Subtract 1,200 from 2000.", "2,000 - 1200", "800"),
        ("Add -5 to 3.", "3 + -5", "-2"),
        ("Divide 10 by 4.", "10 ÷ 4", "5/2"),
        ("Take half of 48.", "48 / 2", "24"),
        ("Take half of 48.", "48 * 0.5", "24"),
        ("Double 48.", "48 * 2", "96"),
        ("Count the pens in 3 dozens.", "3 * 12", "36"),
        ("Find 20 percent of 50.", "50 * 20 / 100", "10"),
        ("Find 20% of 50.", "50 * 20 * 0.01", "10"),
        ("Increase 50 by 20 percent.", "50 * (100 + 20) / 100", "60"),
        ("Cut 12 into 4 even pieces and take one.", "12 / 4", "3"),
    ],
)
def test_a_reply_with_the_operands_that_the_step_names_carries_it_out(
    instruction: str, reply: str, value: str
) -> None:
    assert check_step(instruction, reply) == Fraction(value)


@pytest.mark.parametrize(
    ("instruction", "reply", "reason"),
    [
        ("Add 7 to 12.", "12", "operand_missing"),
        ("Add 7 to 12.", "19", "operand_missing"),
        ("Add 24 to 24.", "24", "operand_missing"),
        ("Divide 10 by 4.", "10 / 5", "operand_missing"),
        ("Add 7 to 12.", "12 + 7 + 1", "operand_invented"),
        ("Add 7 to 12.", "12 + 7 + 7", "operand_invented"),
        ("Add 7 to 12.", "(12 + 7) * 2", "operand_invented"),
        ("Take half of 48.", "48 / 3", "operand_invented"),
        ("Find the total.", "3 * 8", "operand_invented"),
        ("Add 7 to 12.", "", "not_an_expression"),
        ("Add 7 to 12.", "12 + 7 = 19", "not_an_expression"),
        ("Add 7 to 12.", "12 plus 7", "not_an_expression"),
        ("Divide 10 by 0.", "10 / 0", "division_by_zero"),
        ("Raise 9 to 99.", "9 ** 99", "out_of_bounds"),
        ("Add 7 to 12.", "12 + 7 " * 40, "too_long"),
    ],
)
def test_any_other_reply_does_not_carry_it_out(instruction: str, reply: str, reason: str) -> None:
    with pytest.raises(CalculationError, match=f"^{reason}$"):
        check_step(instruction, reply)


def test_a_strategy_is_carried_out_step_by_step_with_results_written_out(ledger: Ledger) -> None:
    model = core()
    (execution,) = execute([BOXES], asking(model, ledger))
    assert execution.instructions == ["Multiply 3 by 8.", "Add 5 to 24."]
    assert model.asked == [STEP_PREFIX + step_prompt(step) for step in ("Multiply 3 by 8.", "Add 5 to 24.")]
    assert execution.replies == ["3 * 8", "5 + 24"]
    assert execution.values == [24, 29]
    assert execution.answer == 29
    assert (execution.executed, execution.failed_step, execution.reason) == (True, None, "")


def test_a_step_that_fails_ends_its_strategy_and_no_other(ledger: Ledger) -> None:
    broken = Strategy(("Multiply 3 by 8.", "Reduce the result of step 1 by 5.", "Add 1 to 2."))
    model = core()
    failed, whole = execute([broken, BOXES], asking(model, ledger))
    assert (failed.executed, failed.failed_step, failed.reason) == (False, 2, "operand_missing")
    assert failed.values == [24]
    assert failed.answer is None
    assert failed.replies == ["3 * 8", "24 * 10"]
    assert whole.answer == 29
    assert not any("Add 1 to 2." in prompt for prompt in model.asked)


def test_equal_steps_of_one_batch_are_asked_once(ledger: Ledger) -> None:
    model = core()
    executions = execute([BOXES, BOXES, Strategy(("Multiply 3 by 8.",))], asking(model, ledger))
    assert [execution.answer for execution in executions] == [29, 29, 24]
    assert len(model.asked) == 2
    assert ledger.totals()["cached"].to_list() == [3]


def test_nothing_is_asked_for_no_strategies() -> None:
    def ask(prefix: str, prompts: Sequence[str]) -> list[Billed]:
        raise AssertionError(prefix, prompts)

    assert execute([], ask) == []


@pytest.mark.parametrize(
    ("steps", "values"),
    [
        (("Multiply 3 by 8.", "Add 5 to the result of step 1."), [24, 29]),
        (("Add 3 to 8.", "Add 5 to the result of step 1."), [11, 16]),
        (("Subtract 3 from 8.", "Add 5 to the result of step 1."), [5, 10]),
        (("Multiply 3 by 9.", "Add 5 to the result of step 1."), [27, 32]),
        (("Multiply 3 by 8.", "Subtract 5 from the result of step 1."), [24, 19]),
        (("Multiply 3 by 8.", "Divide the result of step 1 by 5."), [24, Fraction(24, 5)]),
        (("Multiply 3 by 8.", "Add 6 to the result of step 1."), [24, 30]),
        (("Multiply 3 by 8.", "Add 5 to 8."), [24, 13]),
    ],
)
def test_the_execution_follows_a_step_that_is_changed(
    ledger: Ledger, steps: tuple[str, ...], values: list[Fraction]
) -> None:
    (execution,) = execute([Strategy(steps)], asking(core(), ledger))
    assert execution.values == values


def test_a_core_that_answers_from_memory_is_seen_when_a_step_changes(ledger: Ledger) -> None:
    parrot = Scripted("parrot", lambda _: "3 * 8")
    known, changed = execute(
        [Strategy(("Multiply 3 by 8.",)), Strategy(("Multiply 3 by 9.",))], asking(parrot, ledger)
    )
    assert known.executed
    assert (changed.executed, changed.reason) == (False, "operand_missing")


def test_a_result_that_no_decimals_write_out_keeps_within_the_verifiers_tolerance(ledger: Ledger) -> None:
    thirds = Strategy(("Divide 10 by 3.", "Multiply the result of step 1 by 3."))
    (execution,) = execute([thirds], asking(core(), ledger))
    assert execution.instructions[1] == "Multiply 3.333333 by 3."
    assert execution.answer == Fraction("9.999999")


def test_each_reference_is_replaced_by_its_own_value() -> None:
    step = "Add the result of step 2 to the result of step 1, and the result of step 10."
    values = [Fraction(number) for number in (4, 5, *[0] * 7, 7)]
    assert instruct(step, values) == "Add 5 to 4, and 7."


def test_prompts_end_where_the_core_goes_on() -> None:
    assert (STEP_PREFIX + step_prompt("Add 1 to 2.")).endswith("\n\nInstruction: Add 1 to 2.\nExpression:")
    assert (ALONE_PREFIX + alone_prompt("How many?")).endswith("\n\nQuestion: How many?\nExpression:")
