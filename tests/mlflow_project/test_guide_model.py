from collections.abc import Sequence
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from exectune import tracking
from exectune.params import Params
from mlflow_project.guide_model import COLUMNS, GuidePolicyModel
from tests.exectune.registered import prepare


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


def test_a_table_of_questions_gives_a_row_each(model: GuidePolicyModel) -> None:
    table = model.predict(None, pd.DataFrame({"question": ["ab", "c"]}))
    assert list(table.columns) == COLUMNS
    assert table["answer"].tolist() == ["2", "1"]


def test_the_signature_takes_texts_and_names_the_columns(
    project: Path, settings: Params, tiny_model: Path
) -> None:
    """A registered guide, loaded and asked: what MLflow shows of it is what it does."""
    adapter = make_adapter(tiny_model)
    prepare(project)
    text = (project / "params.yaml").read_text(encoding="utf-8")
    (project / "params.yaml").write_text(text.replace("smollm2-135m ", f"{tiny_model} "), encoding="utf-8")
    with tracking.stage_run("promote", {}):
        version = tracking.register_guide("guide", adapter, {}, {}, {"model_card.md": "# Guide"})
    model = mlflow.pyfunc.load_model(f"models:/guide/{version.number}")
    assert model.metadata.signature.outputs.input_names() == COLUMNS
    for questions in (["How many?"], pd.DataFrame({"question": ["How many?"]}), model.input_example):
        answers = model.predict(questions)
        assert list(answers.columns) == COLUMNS
        assert len(answers) == 1
    with pytest.raises(MlflowException, match="Incompatible input types"):
        model.predict([3])


def make_adapter(base: Path) -> Path:
    """An untrained adapter of a model."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    network = AutoModelForCausalLM.from_pretrained(base)
    get_peft_model(network, LoraConfig(r=2, target_modules=["q_proj"])).save_pretrained("adapter")
    return Path("adapter")


@pytest.mark.parametrize("entry", ["flows.retrain", "mlflow_project.evaluate", "mlflow_project.serve"])
def test_the_project_file_starts_the_entry_points_from_the_root(entry: str) -> None:
    text = Path(__file__).parents[2].joinpath("mlflow_project", "MLproject").read_text(encoding="utf-8")
    assert f"cd .. && python -m {entry}" in text
