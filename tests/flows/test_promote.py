import sys
from pathlib import Path

import pytest

from flows import commands, promote
from flows.commands import CommandFailed


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What the webhook would hear; the command says what it was asked, and refuses version 7."""
    command = tmp_path / "exectune"
    command.write_text(
        f"#!{sys.executable}\nimport sys\nprint(' '.join(sys.argv[1:]))\nsys.exit('7' in sys.argv)\n",
        encoding="utf-8",
    )
    command.chmod(0o755)
    told: list[tuple[str, ...]] = []
    monkeypatch.setattr(commands, "EXECTUNE", str(command))
    monkeypatch.setattr(promote, "notify", lambda *said: told.append(said))
    monkeypatch.chdir(tmp_path)
    return told


def test_the_command_is_asked_as_the_form_was_filled_in(
    told: list[tuple[str, ...]], prefect_server: None
) -> None:
    assert promote.promote(version=3, force=True, reason="it is better") == (
        "promote --version 3 --force --reason it is better"
    )
    assert promote.promote(action="rollback", version=3) == "rollback"
    assert told[1] == ("promotion", "promote", "rollback")


def test_what_the_command_refuses_fails_the_flow(told: list[tuple[str, ...]], prefect_server: None) -> None:
    with pytest.raises(CommandFailed, match=r"promote failed \(exit code 1\): promote --version 7"):
        promote.promote(version=7)
    assert told == []


def test_the_form_explains_itself() -> None:
    properties = promote.promote.parameters.properties
    assert all(field["description"] for field in properties.values())
    assert properties["action"]["enum"] == ["promote", "rollback"]
