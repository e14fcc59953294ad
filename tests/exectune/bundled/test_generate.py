import json
import random
import re
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest

from exectune.bundled.family import Family, fill_steps, is_sound
from exectune.bundled.generate import FOLDER, SEEN, SIZES, make_all, write
from exectune.bundled.held_out import HELD_OUT
from exectune.strategy import numbers
from exectune.task import SPLITS, Task
from exectune.taskfile import Seen, normal, read
from exectune.verify import is_right, results, steps_value


@pytest.fixture(scope="module")
def tasks() -> list[Task]:
    seen = Seen()
    files = {split: read(FOLDER / f"{split}.jsonl", split, seen, max_question_chars=800) for split in SPLITS}
    assert [file.quarantined for file in files.values()] == [[], [], [], []]
    assert {split: len(file.good) for split, file in files.items()} == SIZES
    return [task for file in files.values() for task in file.good]


def test_every_gold_answer_passes_its_verifier_and_is_whole(tasks: list[Task]) -> None:
    for task in tasks:
        value = steps_value(task.steps)
        assert is_right(str(value), task.answer), task
        assert all(result.denominator == 1 and 0 < result <= 5000 for result in results(task.steps)), task


def test_no_other_number_gives_the_answer_away(tasks: list[Task]) -> None:
    for task in tasks:
        written = {number for step in task.steps for number in numbers(re.sub(r"#\d+", "", step))}
        earlier = set(results(task.steps)[:-1])
        assert Fraction(task.answer) not in written | earlier | set(numbers(task.question)), task


def test_the_numbers_of_the_steps_stand_in_the_question(tasks: list[Task]) -> None:
    for task in tasks:
        if "half" not in task.question:
            written = {number for step in task.steps for number in numbers(re.sub(r"#\d+", "", step))}
            assert written == set(numbers(task.question)), task


def test_every_step_is_used(tasks: list[Task]) -> None:
    for task in tasks:
        used = {int(number) for step in task.steps for number in re.findall(r"#(\d+)", step)}
        assert used == set(range(1, len(task.steps))), task


def test_no_question_and_no_sum_of_a_family_is_there_twice(tasks: list[Task]) -> None:
    assert len({normal(task.question) for task in tasks}) == len(tasks)
    assert len({(task.family, task.steps) for task in tasks}) == len(tasks)


def test_held_out_families_occur_nowhere_else(tasks: list[Task]) -> None:
    families = {split: {task.family for task in tasks if task.split == split} for split in SPLITS}
    assert len(families["train"]) >= 60
    assert families["dev"] <= families["train"]
    assert families["test"] == families["train"]
    assert len(families["held_out"]) >= 8
    assert len(families["train"] | families["held_out"]) >= 30
    assert not families["held_out"] & families["train"]


def test_the_mix_of_lengths_is_that_of_the_plan(tasks: list[Task]) -> None:
    train = Counter(len(task.steps) for task in tasks if task.split == "train")
    assert [round(train[length] / SIZES["train"], 2) for length in (1, 2, 3, 4)] == [0.15, 0.50, 0.24, 0.11]
    held_out = {len(task.steps) for task in tasks if task.split == "held_out"}
    assert held_out == {1, 2, 3, 4}


def test_held_out_sums_are_practised_in_two_other_stories() -> None:
    practised = Counter(_shape(family.steps) for family in SEEN)
    assert [family.name for family in HELD_OUT if practised[_shape(family.steps)] < 2] == []


@pytest.mark.parametrize("family", SEEN + HELD_OUT, ids=lambda family: family.name)
def test_a_family_asks_in_two_ways_that_read_as_sentences(family: Family) -> None:
    assert len(set(family.templates)) >= 2
    source = random.Random(0)
    for _ in range(30):
        question = family.problem(source).question
        assert re.match(r"[A-Z0-9]", question), question
        assert question.endswith("?"), question
        assert "  " not in question
        assert len(question.split()) <= 45, question
        assert not re.search(r"\b[Aa] [aeio]|[{}]", question), question


def test_names_of_families_are_their_own() -> None:
    names = [family.name for family in SEEN + HELD_OUT]
    assert len(set(names)) == len(names)


def test_the_files_in_the_repo_are_what_the_generator_writes(tmp_path: Path) -> None:
    write(tmp_path)
    for split in SPLITS:
        written, kept = (folder / f"{split}.jsonl" for folder in (tmp_path, FOLDER))
        assert written.read_bytes() == kept.read_bytes(), f"run python -m exectune.bundled.generate ({split})"


def test_another_seed_makes_other_tasks() -> None:
    first = json.loads((FOLDER / "train.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert make_all(seed=1)["train"][0] != first


@pytest.mark.parametrize(
    "steps",
    [
        ("9 / 2",),  # not whole
        ("3 - 9",),  # negative
        ("8 - 4",),  # the answer is a number of the question
        ("2 * 3", "#1 * 4", "#2 / 4"),  # the answer is an earlier result
        ("90 * 90",),  # too large
    ],
)
def test_an_unsound_problem_is_not_made(steps: tuple[str, ...]) -> None:
    given = [int(number) for step in steps for number in re.findall(r"(?<![#\d])\d+", step)]
    assert not is_sound(steps, given)
    assert is_sound(("9 * 2",), [9, 2])


def _shape(steps: tuple[str, ...]) -> tuple[str, ...]:
    """The steps with their letters in the order in which they are met."""
    letters = list(dict.fromkeys(re.findall(r"[a-z]", " ".join(steps))))
    return fill_steps(steps, {letter: number for number, letter in enumerate(letters)})
