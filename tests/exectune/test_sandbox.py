import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from exectune import sandbox_server
from exectune.errors import SandboxError, SandboxLost
from exectune.params import SandboxLimits
from exectune.sandbox import UNSAFE, Sandbox
from exectune.values import decode
from tests.exectune.hostile import ATTACKS, kill_servers

LOOK = """
import os
def f():
    processes = [name for name in os.listdir("/proc") if name.isdigit()]
    return os.listdir("/tmp"), processes, os.getpid(), len(os.sched_getaffinity(0))
"""


@pytest.fixture(scope="module")
def sandbox(limits: SandboxLimits) -> Iterator[Sandbox]:
    opened = Sandbox(limits.model_copy(update={"wall_s": 0.7, "memory_mib": 256}))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def patient(limits: SandboxLimits) -> Iterator[Sandbox]:
    """One that waits for as long as a busy machine takes to come to another limit than the clock."""
    opened = Sandbox(limits.model_copy(update={"wall_s": 30, "memory_mib": 256}))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def call(sandbox: Sandbox, code: str, *arguments: Any, entry_point: str = "f") -> tuple[Any, str]:
    """The value of one call, or None, and why the job ended."""
    job = {"role": "program", "code": code, "entry_point": entry_point, "asked": False}
    with sandbox.job(job | {"calls": [[list(arguments), {"dict": []}]]}) as running:
        lines = list(iter(running.read, None))
    answer = lines[1] if len(lines) == 2 and isinstance(lines[1], dict) else {}
    return decode(answer["value"]) if "value" in answer else None, running.ended


@pytest.mark.parametrize("body", ATTACKS.values(), ids=ATTACKS.keys())
def test_an_attack_is_contained_and_the_next_test_runs_in_a_clean_sandbox(
    body: str, sandbox: Sandbox, port: int, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("x")
    code = f"def f(host, port):\n    {body}\n"
    compile(code, "attack", "exec")
    start = time.monotonic()
    try:
        value, _ = call(sandbox, code, str(tmp_path), port)
    except SandboxLost:
        value = None
        assert os.getuid() != 0, "only where server and job are one user, a job can take its server down"
    assert value != "harm"
    assert time.monotonic() - start < 8
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]
    (files, processes, own, processors), ended = call(sandbox, LOOK)
    assert ended == "exited"
    assert files == []
    assert sorted(processes) == sorted(["1", str(own)])
    assert processors == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("body", "ended"),
    [
        ("import time; time.sleep(99)", "wall_clock"),
        ("return 'x' * 10**7", "output"),
        ("import os; os._exit(0)", "exited"),
        ("import ctypes; ctypes.string_at(0)", "signal_11"),
        (
            "import os, time\n    os.fork(); os.fork()  # four of them\n    x = b'1' * 10**8; time.sleep(99)",
            "memory",
        ),
    ],
)
def test_the_end_of_a_job_is_named(body: str, ended: str, patient: Sandbox, sandbox: Sandbox) -> None:
    where = sandbox if ended == "wall_clock" else patient
    assert call(where, f"def f():\n    {body}\n") == (None, ended)


def test_sandboxes_do_not_share_the_limit_of_processes(limits: SandboxLimits) -> None:
    one, other = Sandbox(limits), Sandbox(limits.model_copy(update={"processes": 8}))
    code = "import os, time\ndef f():\n  for _ in range({}):\n    if not os.fork(): time.sleep(60)\n  {}"
    job = {"role": "program", "code": code.format(8, "time.sleep(60)"), "entry_point": "f", "asked": False}
    with one.job(job | {"calls": [[[], {"dict": []}]]}) as running:
        assert running.read() == {"value": None}
        time.sleep(0.5)  # its children are there
        assert call(other, code.format(3, "return 'forked'")) == ("forked", "exited")
    one.close()
    other.close()


def test_processor_time_is_limited_beside_wall_clock(limits: SandboxLimits) -> None:
    sandbox = Sandbox(
        limits.model_copy(update={"wall_s": 1.4})
    )  # a second of processor time for each process
    code = "import threading\ndef f():\n    for _ in range(2):\n"
    code += "        threading.Thread(target=sum, args=(range(10**9),)).start()\n    sum(range(10**10))"
    assert call(sandbox, code)[1] in (
        "cpu_time",
        "wall_clock",
    )  # where the machine is busy, the clock comes first
    sandbox.close()


def test_jobs_do_not_see_each_other(sandbox: Sandbox) -> None:
    code = "import builtins, sys, os\ndef f():\n  seen = hasattr(builtins, 'mark') or 'mark' in sys.modules\n"
    code += "  builtins.mark = sys.modules['mark'] = 1\n  open('/tmp/mark', 'w')\n  return seen"
    assert [call(sandbox, code)[0] for _ in range(3)] == [False, False, False]


def test_a_server_that_is_killed_is_replaced(sandbox: Sandbox) -> None:
    call(sandbox, "def f(): return 1")
    started = sandbox.started
    kill_servers()
    time.sleep(0.1)
    assert call(sandbox, "def f(): return 1") == (1, "exited")
    assert sandbox.started == started + 1


def test_nothing_of_it_is_left_when_it_is_closed(limits: SandboxLimits) -> None:
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    sandbox = Sandbox(limits)
    call(sandbox, "import os, time\ndef f():\n  if not os.fork(): time.sleep(99)")
    assert {process.pid for process in psutil.Process().children(recursive=True)} > before
    sandbox.close()
    assert {process.pid for process in psutil.Process().children(recursive=True)} == before


def test_a_thread_may_start_one_and_end(limits: SandboxLimits) -> None:
    sandbox = Sandbox(limits)
    thread = threading.Thread(target=call, args=(sandbox, "def f(): return 1"))
    thread.start()
    thread.join()
    time.sleep(0.1)
    assert call(sandbox, "def f(): return 2") == (2, "exited")
    sandbox.close()


def test_without_bubblewrap_nothing_runs_and_the_package_is_named(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with (
        pytest.raises(SandboxError, match="apt-get install bubblewrap"),
        Sandbox(settings.sandbox).job({"role": "judge"}),
    ):
        pass


def test_a_bubblewrap_that_may_not_work_is_an_error_with_its_words(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bwrap = tmp_path / "bwrap"
    bwrap.write_text("#!/bin/sh\necho 'setting up uid map: Permission denied' >&2\nexit 1\n")
    bwrap.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with (
        pytest.raises(SandboxError, match=r"uid map: Permission denied.*user namespaces"),
        Sandbox(settings.sandbox).job({"role": "judge"}),
    ):
        pass


def test_a_container_that_is_a_sandbox_must_be_named_as_such(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    sandbox = Sandbox(settings.sandbox.model_copy(update={"isolation": UNSAFE, "wall_s": 0.5}))
    assert call(sandbox, "def f(): return 1") == (1, "exited")
    assert call(sandbox, "def f():\n  while True: pass")[1] == "wall_clock"
    assert call(sandbox, "import os, time\ndef f():\n  if not os.fork(): time.sleep(99)")[1] == "exited"
    assert call(sandbox, "import os\ndef f(): return [os.listdir('.'), len(os.environ)]") == (
        [[], 0],
        "exited",
    )
    sandbox.close()


def test_the_server_needs_nothing_but_the_standard_library() -> None:
    folder = Path(sandbox_server.__file__).parent
    known = sys.stdlib_module_names | {"exectune"}
    for name in ("sandbox_server", "sandbox_child", "values"):
        lines = (folder / f"{name}.py").read_text().splitlines()
        imported = [line.split()[1].split(".")[0] for line in lines if line.startswith(("import ", "from "))]
        assert set(imported) <= known
