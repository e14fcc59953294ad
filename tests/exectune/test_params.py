from pathlib import Path

import pytest

from exectune.errors import ParamsError
from exectune.params import flat, load

ROOT = Path(__file__).parents[2]


def changed(folder: Path, old: str, new: str) -> Path:
    text = (ROOT / "params.yaml").read_text()
    assert text.count(old) >= 1, old
    path = folder / "params.yaml"
    path.write_text(text.replace(old, new, 1))
    return path


def test_the_project_file_loads_and_is_frozen() -> None:
    params = load(ROOT / "params.yaml")
    assert params.models.core == "smollm2-135m"
    with pytest.raises(ValueError, match="frozen"):
        params.seed = 1


def test_flat_holds_every_setting_by_its_dotted_name() -> None:
    rows = flat(load(ROOT / "params.yaml"))
    assert rows["rl.reward.correct"] == 1.0
    assert rows["models.guide"] == "smollm2-135m"
    assert all(value is None or isinstance(value, str | int | float | bool) for value in rows.values())


def test_an_unknown_key_names_section_nearest_key_and_file(tmp_path: Path) -> None:
    path = changed(tmp_path, "prompts_per_step:", "promts_per_step:")
    with pytest.raises(ParamsError) as caught:
        load(path)
    message = str(caught.value)
    assert "`promts_per_step` in section `rl`; did you mean `prompts_per_step`?" in message
    assert str(path) in message
    assert "missing key `prompts_per_step`" in message


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("degrade: 0.5", "degrad: 0.5", "`degrad` in section `rl.reward`; did you mean `degrade`?"),
        ("seed: 0", "sead: 0", "`sead` at the top level; did you mean `seed`?"),
        ("rounds: 2", "xyzzy: 2", "known keys: rounds"),
        (
            "seed: 0",
            "seed: yes please",
            "`seed` at the top level is 'yes please': input should be a valid integer",
        ),
        ("seed: 0", 'seed: "0"', "`seed` at the top level is '0'"),
        ("run_usd: 5.0", "run_usd: 0", "`run_usd` in section `budgets` is 0: input should be greater than 0"),
        ("run_usd: 5.0", "run_usd: -1.0", "`run_usd` in section `budgets` is -1.0"),
        ("name: reference", "name: referense", "`name` in section `teacher` is 'referense'"),
        ("rounds: 2", "rounds: true", "`rounds` in section `accept` is True"),
        (
            "rounds: 2",
            "rounds: 0",
            "`rounds` in section `accept` is 0: input should be greater than or equal to 1",
        ),
        ("max_leak: 0.01", "max_leak: .nan", "finite number"),
        ("dtype: auto", "dtype: float16", "input should be 'auto', 'bfloat16' or 'float32'"),
        ("scale_rewards: none", "scale_rewards: null", "input should be 'none', 'group' or 'batch'"),
        (
            "core: {input: 1.0, output: 5.0}",
            "core: 3",
            "`core` in section `prices` must be a section with keys",
        ),
        ("seed: 0", "seed: 0\nseed: 1", ":3: not YAML: found duplicate key"),
        ("seed: 0", "seed: [0", "not YAML"),
    ],
)
def test_a_bad_setting_is_refused_with_what_is_allowed(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    with pytest.raises(ParamsError) as caught:
        load(changed(tmp_path, old, new))
    assert expected in str(caught.value)


def test_a_number_without_a_dot_is_a_number_as_dvc_writes_it(tmp_path: Path) -> None:
    assert load(changed(tmp_path, "max_leak: 0.01", "max_leak: 1e-05")).promote.max_leak == 1e-5


@pytest.mark.parametrize(("content", "expected"), [("", "expected sections"), ("- 1", "expected sections")])
def test_a_file_without_sections_is_refused(tmp_path: Path, content: str, expected: str) -> None:
    (tmp_path / "params.yaml").write_text(content)
    with pytest.raises(ParamsError, match=expected):
        load(tmp_path / "params.yaml")


def test_a_missing_or_unreadable_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"params\.yaml is missing"):
        load(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ParamsError, match="cannot be read"):
        load(tmp_path / "params.yaml")
