import pytest

from exectune.guides.reference import (
    TEMPLATES,
    WORDINGS,
    Worded,
    candidates,
    operands,
    operation_of,
    revise,
    reword,
    word_steps,
    wording_of,
)
from exectune.strategy import Strategy, parse
from exectune.task import Task

TASK = Task("train-0001", "train", "boxes", "…", ("3 * 8", "#1 - 5", "#2 / 2", "#3 + #1"), "33.5")
SHORT = Task("train-0002", "train", "boxes", "…", ("3 + 8",), "11")


def test_each_operation_has_five_wordings_or_more() -> None:
    assert set(WORDINGS) == {"add", "subtract", "multiply", "divide"}
    for operation, group in WORDINGS.items():
        assert len({template for _, template in group}) == len(group) >= 5
        assert all(name.startswith(f"{operation}/") for name, _ in group)


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize(
    "values", [("12", "5"), ("0.5", "the result of step 2"), ("the result of step 1", "-7")]
)
def test_a_worded_step_is_recognised(name: str, values: tuple[str, str]) -> None:
    assert wording_of(TEMPLATES[name].format(a=values[0], b=values[1])) == name


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_step_is_reworded_with_its_operands_in_their_places(name: str) -> None:
    operation = name.partition("/")[0]
    step = TEMPLATES[name].format(a="the result of step 1", b="-7")
    assert operands(step, name) == ("the result of step 1", "-7")
    for other in (other for other, _ in WORDINGS[operation]):
        assert reword(step, name, other) == TEMPLATES[other].format(a="the result of step 1", b="-7")


def test_a_step_in_another_wording_has_no_operands_to_tell() -> None:
    with pytest.raises(ValueError, match=r"'Add 3 to 4\.' is not in the wording"):
        operands("Add 3 to 4.", "add/combine")


@pytest.mark.parametrize(
    "text", ["", "Add 3.", "Multiply three by 8.", "Multiply 3 by 8. Then stop.", "Divide 3 and 4."]
)
def test_another_text_is_no_wording(text: str) -> None:
    assert wording_of(text) is None


def test_the_order_of_operands_is_that_of_the_step() -> None:
    assert word_steps(["9 - 2", "#1 / 3"], ["subtract/take_away", "divide/goes_into"]) == (
        "Take 2 away from 9.",
        "Work out how many times 3 goes into the result of step 1.",
    )


def test_candidates_are_strategies_that_parse_and_differ() -> None:
    found = candidates(TASK, 8, seed=0)
    assert len(set(found)) == 8
    for worded in found:
        strategy = Strategy(worded.steps)
        assert parse(strategy.text, max_steps=6, max_step_chars=120) == strategy
        assert tuple(wording_of(step) for step in worded.steps) == worded.wordings


def test_the_wording_is_that_of_the_operation() -> None:
    for worded in candidates(TASK, 8, seed=0):
        assert [name.split("/")[0] for name in worded.wordings] == [operation_of(step) for step in TASK.steps]


def test_candidates_depend_on_the_seed_and_on_nothing_else() -> None:
    assert candidates(TASK, 3, seed=0) == candidates(TASK, 5, seed=0)[:3]
    assert candidates(TASK, 3, seed=0) != candidates(TASK, 3, seed=1)


def test_there_are_no_more_candidates_than_wordings() -> None:
    assert len(candidates(SHORT, 50, seed=0)) == len(WORDINGS["add"])
    assert candidates(Task("t", "train", "f", "…", (), "1"), 3, seed=0) == []


def test_revising_changes_the_failed_step_alone() -> None:
    worded = candidates(TASK, 1, seed=0)[0]
    for failed in (1, 2, 3, 4):
        again = revise(TASK, worded, failed, [worded], 0, 1)
        changed = [index + 1 for index in range(4) if again.steps[index] != worded.steps[index]]
        assert changed == [failed]
        assert tuple(wording_of(step) for step in again.steps) == again.wordings


def test_revising_goes_through_the_wordings_that_were_not_tried() -> None:
    tried: list[Worded] = candidates(SHORT, 1, seed=0)
    while len(tried) < len(WORDINGS["add"]):
        tried.append(revise(SHORT, tried[-1], 1, tried, 0, len(tried)))
    assert {worded.wordings[0] for worded in tried} == {name for name, _ in WORDINGS["add"]}
    assert revise(SHORT, tried[-1], 1, tried, 0, 9).wordings != tried[-1].wordings


def test_where_no_step_failed_one_is_reworded() -> None:
    worded = candidates(TASK, 1, seed=0)[0]
    found = [revise(TASK, worded, None, [worded], 0, attempt) for attempt in range(20)]
    changed = [[i for i in range(4) if again.steps[i] != worded.steps[i]] for again in found]
    assert all(len(steps) == 1 for steps in changed)
    assert len({steps[0] for steps in changed}) > 1
