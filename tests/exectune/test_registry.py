import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import mlflow
import pytest

from exectune import registry, tracking
from exectune.errors import RegistryError
from exectune.params import Params
from tests.exectune.registered import NAME, Measured, aliases, prepare, register, stored_weights

ROOT = Path(__file__).parents[2]
WRITES = ("set_registered_model_alias", "delete_registered_model_alias", "set_model_version_tag")
KILLED = """
import os, signal, sys
import mlflow
from exectune import params, registry
move = mlflow.MlflowClient.set_registered_model_alias

def killed(self, name, alias, version):
    if alias == "champion":
        os.kill(os.getpid(), signal.SIGKILL)
    move(self, name, alias, version)

mlflow.MlflowClient.set_registered_model_alias = killed
registry.promote(params.load(), 3)
"""


class Killed(BaseException):
    """A process that ends between two writes."""


@pytest.fixture(autouse=True)
def folder(project: Path) -> Path:
    prepare(project)
    return project


@pytest.fixture
def three(settings: Params) -> list[tracking.Version]:
    """Each version better than the one before; the first was promoted, then the second."""
    made = []
    for right in (100, 200, 300):
        made.append(register(settings, Measured(right)))
        if right < 300:
            registry.promote(settings)
    return made


def tags(number: int) -> dict[str, str]:
    return dict(mlflow.MlflowClient().get_model_version(NAME, str(number)).tags)


def test_promote_and_rollback_move_the_aliases_and_say_who_when_why(
    three: list[tracking.Version], settings: Params
) -> None:
    assert aliases() == {"champion": 2, "previous": 1, "challenger": 3}
    assert registry.promote(settings) == f"{NAME}: version 3 is champion, previous is 2"
    assert aliases() == {"champion": 3, "previous": 2, "challenger": 3}
    assert tags(3)["champion_why"] == "it passes the gate"
    assert tags(3)["champion_before"] == "2"
    assert "@" in tags(3)["champion_by"]
    assert tags(3)["champion_at"].endswith("+00:00")
    said = registry.rollback(settings, reason="customers complain")
    assert said == f"{NAME}: version 2 is champion again, previous is 3"
    assert aliases() == {"champion": 2, "previous": 3, "challenger": 3}
    assert tags(3)["rolled_back_why"] == tags(2)["champion_why"] == "customers complain"
    registry.rollback(settings)
    assert aliases() == {"champion": 3, "previous": 2, "challenger": 3}, "a rollback can be rolled back"
    assert registry.promote(settings, 3) == f"{NAME}: version 3 is champion already"


def test_the_gate_refuses_what_is_not_better_and_force_overrules_it(
    three: list[tracking.Version], settings: Params
) -> None:
    with pytest.raises(
        RegistryError, match=r"version 1 does not pass the gate: utility_over_champion -0\.\d+, limit 0"
    ):
        registry.promote(settings, 1)
    assert aliases()["champion"] == 2
    registry.promote(settings, 1, force=True, reason="a test")
    assert aliases() == {"champion": 1, "previous": 2, "challenger": 3}
    assert tags(1)["champion_why"].startswith("a test (forced: utility_over_champion")


def test_figures_of_a_champion_whose_core_has_changed_hold_nobody_back(settings: Params) -> None:
    register(settings, Measured(300))
    registry.promote(settings)
    register(settings, Measured(200))
    with pytest.raises(RegistryError, match="utility_over_champion"):
        registry.promote(settings)
    tracking.set_tags(NAME, 1, {registry.DRIFT: "the core does worse"})
    registry.promote(settings)
    assert aliases() == {"champion": 2, "previous": 1, "challenger": 2}


def other_core(params: Params) -> None:
    register(params, Measured(300, core="another-core"))


def without_figures(params: Params) -> None:
    register(params, Measured(300, with_figures=False))


def damaged(params: Params) -> None:
    version = register(params, Measured(300))
    stored_weights(version.number).write_bytes(b"waights")


def lost(params: Params) -> None:
    version = register(params, Measured(300))
    stored_weights(version.number).unlink()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (other_core, "was measured on the core another-core, and params.yaml has models.core: smollm2-135m"),
        (without_figures, "version 4 has no figures to judge it by: run .* has no artifact outcomes.parquet"),
        (damaged, "version 4 is damaged: its adapter has the hash .*, and was registered with "),
        (lost, "version 4 is damaged: its adapter has no weights"),
    ],
)
def test_a_version_that_is_not_whole_is_refused_and_nothing_changes(
    three: list[tracking.Version],
    settings: Params,
    make: Callable[[Params], None],
    message: str,
) -> None:
    make(settings)
    before, said = aliases(), tags(4)
    for force in (False, True):
        with pytest.raises(RegistryError, match=message):
            registry.promote(settings, force=force)
    assert (aliases(), tags(4)) == (before, said)


def test_a_previous_champion_that_is_damaged_is_not_rolled_back_to(
    three: list[tracking.Version], settings: Params
) -> None:
    stored_weights(1).write_bytes(b"")
    with pytest.raises(RegistryError, match="version 1 is damaged"):
        registry.rollback(settings)
    assert aliases() == {"champion": 2, "previous": 1, "challenger": 3}


def test_versions_that_are_not_there_are_named(settings: Params) -> None:
    for change in (registry.promote, registry.rollback):
        with pytest.raises(RegistryError, match="it has no versions yet: run `dvc repro`"):
            change(settings)
    register(settings)
    with pytest.raises(RegistryError, match="has no version 9; versions: 1"):
        registry.promote(settings, 9)
    registry.promote(settings)
    with pytest.raises(RegistryError, match="no previous champion to go back to; versions: 1"):
        registry.rollback(settings)


def killed_at(write: int, change: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the process that makes the change was ended before that write; each write is a commit of its own."""
    left = [write]

    def counted(real: Callable[..., None]) -> Callable[..., None]:
        def call(*arguments: object) -> None:
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            real(*arguments)

        return call

    with monkeypatch.context() as patch:
        for name in WRITES:
            patch.setattr(mlflow.MlflowClient, name, counted(getattr(mlflow.MlflowClient, name)))
        try:
            change()
        except Killed:
            return True
    return False


@pytest.mark.parametrize("what", ["promote", "rollback"])
def test_killed_between_any_two_writes_champion_is_whole_and_the_way_back_is_kept(
    three: list[tracking.Version], settings: Params, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    changes = {
        "promote": lambda: registry.promote(settings, 3),
        "rollback": lambda: registry.rollback(settings),
    }
    before = {"champion": 2, "previous": 1, "challenger": 3}
    after = before | ({"champion": 3, "previous": 2} if what == "promote" else {"champion": 1, "previous": 2})
    kills = 0
    for write in range(20):
        killed = killed_at(write, changes[what], monkeypatch)
        kills += killed
        found = aliases()
        assert found["champion"] in (before["champion"], after["champion"])
        with registry.locked():
            registry.settled_champion(NAME)  # what each command does first
        assert aliases() == (before if found["champion"] == 2 else after)
        if not killed:
            break
        if found["champion"] != 2:  # the change was made: undo it for the next try
            registry.move(NAME, tracking.get_version(NAME, 2), tracking.get_version(NAME, 1), "")  # type: ignore[arg-type]
            tracking.set_alias(NAME, "previous", 1)
    assert kills >= 6
    assert aliases() == after


def test_kill_9_between_the_aliases_leaves_a_champion_and_frees_the_lock(
    three: list[tracking.Version], settings: Params
) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", KILLED], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    assert aliases() == {"champion": 2, "previous": 2, "challenger": 3}
    registry.rollback(settings)  # to 1, who was champion before 2
    assert aliases() == {"champion": 1, "previous": 2, "challenger": 3}


def test_one_change_at_a_time(settings: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "WAIT_S", 0.1)
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from exectune import registry\nwith registry.locked(): print(flush=True); input()",
        ],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(RegistryError, match=r"it holds \.exectune/registry\.lock"):
            registry.promote(settings)
        holder.kill()
    with registry.locked():
        pass


@pytest.fixture
def command() -> Callable[..., tuple[int, str, str]]:
    def run(*arguments: str) -> tuple[int, str, str]:
        script = [sys.executable, "-c", "from exectune.cli import main; main()", *arguments]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(script, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    return run


def test_the_commands_print_one_line(command: Callable[..., tuple[int, str, str]], settings: Params) -> None:
    register(settings)
    assert command("promote", "--reason", "first") == (
        0,
        f"{NAME}: version 1 is champion, previous is none\n",
        "",
    )
    assert tags(1)["champion_why"] == "first"
    code, printed, error = command("rollback")
    assert (code, printed, error.count("\n")) == (1, "", 1)
    assert error.startswith(f"{NAME} has no previous champion")
