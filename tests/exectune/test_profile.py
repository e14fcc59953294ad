import shutil
from pathlib import Path

import pytest

from exectune.errors import ParamsError
from exectune.params import flat, load
from exectune.profile import use

ROOT = Path(__file__).parents[2]
PROFILES = sorted((ROOT / "profiles").glob("*.yaml"))


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    return Path(shutil.copy(ROOT / "params.yaml", tmp_path / "params.yaml"))


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.stem)
def test_a_profile_is_written_into_params_and_its_comments_stay(profile: Path, settings_file: Path) -> None:
    before = settings_file.read_text()
    lines = use(profile, settings_file)
    after = load(settings_file)
    assert after == load(ROOT / "params.yaml", profile)
    changed = flat(after).items() - flat(load(ROOT / "params.yaml")).items()
    assert {line.partition(": ")[0] for line in lines} == {key for key, _ in changed}
    comments = [line.partition("#")[2] for line in before.splitlines() if line.startswith("#")]
    assert all(comment in settings_file.read_text() for comment in comments)


def test_dvc_reads_what_was_written(settings_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DVC parses YAML by itself; it is stricter about colons than others."""
    from dvc.utils.serialize import load_yaml

    use(ROOT / "profiles" / "paper.yaml", settings_file)
    assert load_yaml(settings_file)["models"]["core"] == load(settings_file).models.core


def test_a_profile_with_a_mistake_changes_nothing(settings_file: Path, tmp_path: Path) -> None:
    before = settings_file.read_text()
    (tmp_path / "mine.yaml").write_text("models: {kore: bedrock/x}\n")
    with pytest.raises(ParamsError, match=r"mine\.yaml: unknown key `kore` in section `models`"):
        use(tmp_path / "mine.yaml", settings_file)
    with pytest.raises(ParamsError, match=r"gone\.yaml is missing"):
        use(tmp_path / "gone.yaml", settings_file)
    assert settings_file.read_text() == before
