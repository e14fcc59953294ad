"""The registered model: the whole guide-core policy as an MLflow pyfunc, saved as this file (models from code).

    model = mlflow.pyfunc.load_model("models:/exectune-guide@champion")
    model.predict(["Ana has 3 boxes of 8 pens and 5 loose pens. How many pens has she?"])

In: questions, as a list of texts or a table of one column. Out: a table with a row a question:
strategy, answer (empty where the core's reply made no sense), executed, usd. Its artifacts are the guide's adapter
(safetensors) and the params.yaml of the run that trained it; base weights and core are looked up by their names there.
"""

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import mlflow
import pandas as pd
from mlflow.pyfunc import PythonModel

LEDGER = Path(".exectune/ledger.sqlite")  # the bill of what is served, in the folder it is served from
COLUMNS = ["strategy", "answer", "executed", "usd"]


class Policy(Protocol):
    """What a served policy does."""

    def answer(self, questions: Sequence[str]) -> list[dict[str, object]]: ...


class GuidePolicyModel(PythonModel):
    """Guide and core behind `predict`."""

    def load_context(self, context: Any) -> None:
        """Load the policy once; `artifacts` holds `adapter` and `params`."""
        from exectune import models, params, policy
        from exectune.ledger import Ledger

        settings = params.load(Path(context.artifacts["params"]))
        prices = models.prices(settings)
        ledger = Ledger.open(LEDGER, stage="serve", run_id=uuid.uuid4().hex, prices=prices)
        self.policy: Policy = policy.load(settings, Path(context.artifacts["adapter"]), ledger)

    def predict(self, context: Any, model_input: pd.DataFrame) -> pd.DataFrame:
        """Answer each question. MLflow turns other forms of input into a table of one column, by the signature."""
        return pd.DataFrame(self.policy.answer(model_input.iloc[:, 0].tolist()), columns=COLUMNS)


mlflow.models.set_model(GuidePolicyModel())
