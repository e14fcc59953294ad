import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from exectune.benchmark_rows import Kind, Options
from exectune.benchmarks import Imported, Wanted
from exectune.benchmarks import write as write_wanted
from exectune.errors import DataError
from exectune.taskfile import Seen, read


def solved(number: int, name: str = "Ana") -> str:
    answer = f"She has <<{number}*4={number * 4}>>{number * 4} pens.\n#### {number * 4}"
    return json.dumps(
        {"question": f"{name} has {number} boxes of 4 pens. How many pens is that?", "answer": answer}
    )


@pytest.fixture
def gsm8k(tmp_path: Path) -> Path:
    folder = tmp_path / "gsm8k"
    folder.mkdir()
    (folder / "train.jsonl").write_text("\n".join(solved(number) for number in range(10, 70)) + "\n")
    (folder / "test.jsonl").write_text("\n".join(solved(number, "Ben") for number in range(10, 40)) + "\n")
    return folder


def write(
    kind: Kind, names: list[Path], out: Path, *, train: int, test: int, seed: int, **more: Any
) -> Imported:
    wanted = Wanted(kind, [str(name) for name in names], train, test, seed, Options(4, False), **more)
    return write_wanted(wanted, out, lambda task: "its family is bad" if task.family == "bad" else "")


def adds_up(done: Imported) -> bool:
    return done.rows == sum(done.written.values()) + done.not_drawn + sum(row.count for row in done.skipped)


def test_named_files_keep_their_split_and_dev_comes_from_train(gsm8k: Path, tmp_path: Path) -> None:
    done = write("gsm8k", [gsm8k], tmp_path / "out", train=40, test=20, seed=0)
    assert done.written == {"train": 40, "dev": 5, "test": 20}
    assert (done.rows, done.not_drawn, done.skipped) == (90, 25, [])
    for split, name in [("train", "Ana"), ("dev", "Ana"), ("test", "Ben")]:
        text = (tmp_path / "out" / f"{split}.jsonl").read_text()
        assert text.count(name) == done.written[split]  # type: ignore[index]


def test_what_is_written_reads_back_without_a_bad_line(gsm8k: Path, tmp_path: Path) -> None:
    write("gsm8k", [gsm8k], tmp_path / "out", train=40, test=20, seed=0)
    seen = Seen()
    file = read(tmp_path / "out" / "train.jsonl", "train", seen, max_question_chars=800)
    assert (len(file.good), file.quarantined) == (40, [])
    assert {task.family for task in file.good} == {"multiply"}


def test_a_single_file_is_split_and_no_task_is_in_two_splits(gsm8k: Path, tmp_path: Path) -> None:
    done = write("gsm8k", [gsm8k / "train.jsonl"], tmp_path / "out", train=30, test=20, seed=0)
    assert done.written == {"train": 30, "dev": 3, "test": 20}
    lines = [line for path in (tmp_path / "out").glob("*.jsonl") for line in path.read_text().splitlines()]
    assert len({json.loads(line)["question"] for line in lines}) == 53


def test_which_rows_are_drawn_depends_on_the_seed_alone(gsm8k: Path, tmp_path: Path) -> None:
    drawn = {}
    for name, seed in [("a", 0), ("b", 0), ("c", 1)]:
        write("gsm8k", [gsm8k], tmp_path / name, train=20, test=10, seed=seed)
        drawn[name] = (tmp_path / name / "train.jsonl").read_text()
    assert drawn["a"] == drawn["b"] != drawn["c"]


def test_rows_that_do_not_convert_are_counted_by_reason_with_the_first_place(
    gsm8k: Path, tmp_path: Path
) -> None:
    with (gsm8k / "train.jsonl").open("a") as file:
        file.write(solved(10) + "\n")
        file.write('{"question": "How many?", "answer": "Three.\\n#### 3"}\n')
        file.write('{"question": "How many now?", "answer": "Four.\\n#### 4"}\n')
        file.write('{"question": "How many then?"}\n')
        file.write("{broken\n")
    done = write("gsm8k", [gsm8k], tmp_path / "out", train=40, test=20, seed=0)
    counts = {row.reason: row.count for row in done.skipped}
    assert counts["no_operation"] == 2
    assert sum(counts.values()) == 5
    kept = pl.read_parquet(tmp_path / "out" / "quarantine-gsm8k.parquet")
    assert kept.height == 5
    file, line, reason, raw = kept.row(-1)
    assert (file, line, raw) == (str(gsm8k / "train.jsonl"), 65, "{broken")
    assert reason.startswith("broken JSON: ")
    assert adds_up(done)
    first = next(row.first for row in done.skipped if row.reason == "no_operation")
    assert first == f"{gsm8k / 'train.jsonl'}:62"


def test_a_question_in_both_files_is_not_trained_on(gsm8k: Path, tmp_path: Path) -> None:
    with (gsm8k / "train.jsonl").open("a") as file:
        file.write(solved(10, "Ben") + "\n")
    done = write("gsm8k", [gsm8k], tmp_path / "out", train=1000, test=1000, seed=0)
    assert [row.count for row in done.skipped] == [1]
    assert done.written["test"] == 30
    assert "Ben" not in (tmp_path / "out" / "train.jsonl").read_text()


def test_a_csv_needs_question_and_answer_only(tmp_path: Path) -> None:
    table = tmp_path / "own.csv"
    rows = [f'"{number} pens, and 1 more?",{number + 1},{number} + 1' for number in range(10, 40)]
    table.write_text("question,answer,steps\n" + "\n".join(rows) + '\n"How many, in all?",12,\n')
    done = write("csv", [table], tmp_path / "out", train=16, test=10, seed=0)
    assert done.written == {"train": 16, "dev": 2, "test": 10}
    assert (done.not_drawn, done.skipped) == (3, [])
    row = json.loads((tmp_path / "out" / "train.jsonl").read_text().splitlines()[0])
    assert row["family"] == "all"


def test_plain_jsonl_may_have_its_own_ids_families_and_numbers_as_answers(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    rows = [{"id": f"x{n}", "question": f"{n} + 2?", "answer": n + 2, "family": "sums"} for n in range(20)]
    path.write_text("\n".join(map(json.dumps, rows)))
    write("jsonl", [path], tmp_path / "out", train=8, test=8, seed=0)
    row = json.loads((tmp_path / "out" / "test.jsonl").read_text().splitlines()[0])
    assert row["id"].startswith("x")
    assert row["family"] == "sums"
    assert isinstance(row["answer"], str)


def test_a_folder_with_tasks_is_not_written_over(gsm8k: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"already holds test\.jsonl"):
        write("gsm8k", [gsm8k], gsm8k, train=1, test=1, seed=0)


@pytest.mark.parametrize(
    ("files", "message"), [(["gone.jsonl"], "gone.jsonl is missing"), (["."], "holds no file named")]
)
def test_a_missing_file_is_named(
    files: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=message):
        write("gsm8k", [Path(file) for file in files], tmp_path / "out", train=1, test=1, seed=0)


def test_nothing_is_written_when_no_row_is_good(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text('{"question": "How many?"}\n')
    with pytest.raises(DataError, match=r"no task for test in 1 rows\n1 rows skipped: answer is empty"):
        write("jsonl", [path], tmp_path / "out", train=1, test=1, seed=0)
    assert not (tmp_path / "out").exists()


def test_source_and_licence_stand_in_each_task(gsm8k: Path, tmp_path: Path) -> None:
    write("gsm8k", [gsm8k], tmp_path / "out", train=8, test=1, seed=0)
    write("gsm8k", [gsm8k], tmp_path / "own", train=8, test=1, seed=0, source="a friend", licence="CC0")
    for name, expected in [("out", ("openai/grade-school-math", "MIT")), ("own", ("a friend", "CC0"))]:
        row = json.loads((tmp_path / name / "test.jsonl").read_text())
        assert (row["source"], row["licence"]) == expected


def test_train_from_one_source_and_test_from_another(gsm8k: Path, tmp_path: Path) -> None:
    write("gsm8k", [gsm8k / "train.jsonl"], tmp_path / "out", train=8, test=0, seed=0)
    assert sorted(path.name for path in (tmp_path / "out").glob("*.jsonl")) == ["dev.jsonl", "train.jsonl"]
    done = write("gsm8k", [gsm8k / "test.jsonl"], tmp_path / "out", train=0, test=1000, seed=0)
    assert done.written == {"test": 30}


def test_columns_of_other_names_are_mapped_and_the_rest_is_left_aside(tmp_path: Path) -> None:
    table = pl.DataFrame(
        {"prompt": [f"{n} + 1?" for n in range(20)], "target": list(range(1, 21)), "other": ["x"] * 20}
    )
    table.write_parquet(tmp_path / "own.parquet")
    columns = {"question": "prompt", "answer": "target"}
    done = write(
        "parquet", [tmp_path / "own.parquet"], tmp_path / "out", train=8, test=8, seed=0, columns=columns
    )
    assert done.written == {"test": 8, "dev": 1, "train": 8}
    with pytest.raises(DataError, match="20 rows skipped: missing column"):
        write(
            "parquet",
            [tmp_path / "own.parquet"],
            tmp_path / "no",
            train=8,
            test=8,
            seed=0,
            columns={"question": "q"},
        )


def test_a_row_with_a_fault_is_left_out_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    rows = [
        {"question": f"{n} + 2?", "answer": n + 2, "family": "bad" if n < 3 else "good"} for n in range(20)
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    done = write("jsonl", [path], tmp_path / "out", train=4, test=4, seed=0)
    assert [(row.reason, row.count, row.first) for row in done.skipped] == [
        ("its family is bad", 3, f"{path}:1")
    ]
    assert adds_up(done)
