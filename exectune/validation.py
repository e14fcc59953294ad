"""Validation: Great Expectations suites for tasks and for accepted strategies. In: a frame. Out: a verdict.

Each call also builds Data Docs, static HTML that opens without a server: `docs/index.html`.
Rows that are bad one by one never come this far: they are in quarantine or among the rejected. A failed
expectation here means that a stage wrote what it must not write.
"""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from exectune.task import SCHEMA, SPLITS

VERDICTS = ("accepted", "valid", "executed", "correct", "leak")
STRATEGY_COLUMNS = ("task_id", "family", "question", "strategy", *VERDICTS)
STRATEGY_SHAPE = r"\A<strategy>\n(?:\d+\. [^\n]*\S[^\n]*\n)+</strategy>\Z"
MAX_ANSWER_CHARS = 200


@dataclass(frozen=True)
class Verdict:
    """Whether all expectations held; `failures` names those that did not, one sentence each."""

    success: bool
    rows: int
    failures: list[str]


def validate_tasks(frame: pl.DataFrame, docs: Path, *, max_question_chars: int) -> Verdict:
    """Check the tasks of all splits: the columns of `task.SCHEMA` and `verifiable` (its domain can tell
    right from wrong: an answer, or tests)."""
    import great_expectations.expectations as gxe

    columns = [*SCHEMA, "verifiable"]
    expectations = [
        gxe.ExpectTableColumnsToMatchSet(column_set=columns, exact_match=True),
        *(gxe.ExpectColumnValuesToNotBeNull(column=column) for column in columns),
        gxe.ExpectColumnValuesToBeUnique(column="id"),
        gxe.ExpectColumnValuesToBeUnique(column="question"),  # none in two splits, none twice in one
        gxe.ExpectColumnValuesToBeInSet(column="split", value_set=list(SPLITS)),
        gxe.ExpectColumnValueLengthsToBeBetween(column="question", min_value=1, max_value=max_question_chars),
        gxe.ExpectColumnValueLengthsToBeBetween(column="answer", max_value=MAX_ANSWER_CHARS),
        gxe.ExpectColumnValueLengthsToBeBetween(column="family", min_value=1),
        gxe.ExpectColumnValuesToBeInSet(column="verifiable", value_set=[True]),
    ]
    return _validate("tasks", frame, expectations, docs)


def validate_strategies(frame: pl.DataFrame, docs: Path, *, task_ids: Collection[str]) -> Verdict:
    """Check accepted strategies: well formed, of a known task, carried out, right, no leak, none twice."""
    import great_expectations.expectations as gxe

    expectations = [
        *(gxe.ExpectColumnToExist(column=column) for column in STRATEGY_COLUMNS),
        *(gxe.ExpectColumnValuesToNotBeNull(column=column) for column in STRATEGY_COLUMNS),
        gxe.ExpectColumnValuesToBeInSet(column="task_id", value_set=sorted(task_ids)),
        gxe.ExpectColumnValuesToMatchRegex(column="strategy", regex=STRATEGY_SHAPE),
        *(gxe.ExpectColumnValuesToBeInSet(column=name, value_set=[name != "leak"]) for name in VERDICTS),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["task_id", "strategy"]),
    ]
    return _validate("accepted strategies", frame, expectations, docs)


def _validate(name: str, frame: pl.DataFrame, expectations: Sequence[Any], docs: Path) -> Verdict:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx

    docs.mkdir(parents=True, exist_ok=True)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    batch = context.data_sources.add_pandas("frames").add_dataframe_asset(name)
    definition = gx.ValidationDefinition(
        name=name,
        data=batch.add_batch_definition_whole_dataframe("whole"),
        suite=context.suites.add(gx.ExpectationSuite(name=name, expectations=list(expectations))),
    )
    context.validation_definitions.add(definition)
    _add_docs_site(context, docs)
    result = definition.run(batch_parameters={"dataframe": _pandas(frame)})
    context.build_data_docs(site_names=["docs"])
    failures = [_describe(check) for check in result.results if not check.success]
    return Verdict(bool(result.success), frame.height, failures)


def _add_docs_site(context: Any, docs: Path) -> None:
    site = {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs.resolve())},
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }
    context.add_data_docs_site(site_name="docs", site_config=site)


def _pandas(frame: pl.DataFrame) -> Any:
    """Great Expectations reads no polars; lists become text, since it counts values by hashing them."""
    lists = [name for name, kind in frame.schema.items() if isinstance(kind, pl.List)]
    return frame.with_columns(pl.col(lists).cast(pl.List(pl.String)).list.join(" | ")).to_pandas()


def _describe(check: Any) -> str:
    what = check.expectation_config
    column = what.kwargs.get("column") or what.kwargs.get("column_list") or "the table"
    examples = check.result.get("partial_unexpected_list") or []
    shown = f"; for example {', '.join(repr(value) for value in examples[:3])}" if examples else ""
    return f"{what.type} on {column}: {check.result.get('unexpected_count', 'some')} rows{shown}"
