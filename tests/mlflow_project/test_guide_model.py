from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from mlflow_project.guide_model import COLUMNS, GuidePolicyModel


class Echo:
    """A policy that answers with the question's length."""

    def answer(self, questions: Sequence[str]) -> list[dict[str, object]]:
        return [
            {"strategy": "", "answer": str(len(q)), "valid": True, "executed": True, "usd": 0.5}
            for q in questions
        ]


@pytest.fixture
def model() -> GuidePolicyModel:
    made = GuidePolicyModel()
    made.policy = Echo()
    return made


@pytest.mark.parametrize("given", [["ab", "c"], pd.DataFrame({"question": ["ab", "c"]})])
def test_a_list_and_a_table_are_the_same_questions(model: GuidePolicyModel, given: Any) -> None:
    table = model.predict(None, given)
    assert list(table.columns) == COLUMNS
    assert table["answer"].tolist() == ["2", "1"]


def test_a_question_that_is_no_text_is_refused(model: GuidePolicyModel) -> None:
    with pytest.raises(MlflowException, match=r"(?i)validat"):
        model.predict(None, [3])  # type: ignore[list-item]


def test_the_project_file_starts_the_flow_from_the_root() -> None:
    text = Path(__file__).parents[2].joinpath("mlflow_project", "MLproject").read_text(encoding="utf-8")
    assert "cd .. && python -m flows.retrain" in text
