import json
from pathlib import Path

import pytest

from exectune.bundled.generate import FOLDER
from exectune.guides.prompt import END, SHOTS, few_shot_prompt, question_prompt
from exectune.params import Params
from exectune.strategy import Strategy, parse
from exectune.taskfile import normal


def test_a_trained_guide_sees_the_bare_problem() -> None:
    assert question_prompt("How many?") == "Problem: How many?\n"


def test_an_untrained_guide_is_shown_the_form_in_which_it_is_asked() -> None:
    prompt = few_shot_prompt("How many?")
    assert prompt.endswith(question_prompt("How many?"))
    *shown, asked = prompt.split(END + "\n")
    assert asked == question_prompt("How many?")
    for text, (question, steps) in zip(shown, SHOTS, strict=True):
        assert text == question_prompt(question) + Strategy(steps).text


@pytest.mark.parametrize(("question", "steps"), SHOTS)
def test_each_example_is_a_valid_strategy(question: str, steps: tuple[str, ...], settings: Params) -> None:
    limits = settings.strategy
    text = Strategy(steps).text
    assert parse(text, max_steps=limits.max_steps, max_step_chars=limits.max_step_chars) == Strategy(steps)


@pytest.mark.parametrize("file", sorted(Path(FOLDER).glob("*.jsonl")), ids=lambda file: file.stem)
def test_no_example_is_a_bundled_task(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    questions = {normal(json.loads(line)["question"]) for line in lines}
    assert not questions & {normal(question) for question, _ in SHOTS}
