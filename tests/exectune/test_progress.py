import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from exectune.progress import Progress, duration

ROOT = Path(__file__).parents[2]
SCRIPT = """
from exectune.progress import Progress
with Progress("accept", 4) as progress:
    progress.advance(2, usd=0.01)
    progress.advance(2, usd=0.0023)
"""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("exectune.progress.time.monotonic", lambda: now[0])
    return now


def test_a_log_has_a_dense_line_every_few_seconds_and_at_the_end(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with Progress("accept", 1840) as progress:
        for _ in range(24):
            clock[0] += 1.0
            progress.advance(20, usd=0.0005)
        clock[0] += 70.0
        progress.advance(1360, usd=0.1, note="reward 0.81")
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "accept  100/1840  5%  20.0/s  ETA 1m27s  0.0025 USD",
        "accept  200/1840  11%  20.0/s  ETA 1m22s  0.0050 USD",
        "accept  300/1840  16%  20.0/s  ETA 1m17s  0.0075 USD",
        "accept  400/1840  22%  20.0/s  ETA 1m12s  0.0100 USD",
        "accept  1840/1840  100%  19.6/s  took 1m34s  0.1120 USD  reward 0.81",
    ]


def test_work_that_stops_early_says_where(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("rl", 10)
    clock[0] += 2.0
    progress.advance(3)
    with pytest.raises(ValueError, match="broken"), progress:
        raise ValueError("broken")
    assert capsys.readouterr().err == "rl  3/10  30%  1.5/s  stopped after 2s\n"


def test_nothing_to_do_is_all_done(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("accept", 0):
        pass
    assert capsys.readouterr().err == "accept  0/0  100%  0.0/s  took 0s\n"
    assert clock == [100.0]


def test_a_terminal_has_a_bar() -> None:
    ours, theirs = pty.openpty()
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "100"}
    subprocess.run([sys.executable, "-c", SCRIPT], stderr=theirs, env=environment, check=True)
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "━" in shown
    assert "4/4  100%" in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert "0.0123 USD" in shown or "0.0123" in shown


def test_durations_read_well() -> None:
    assert [duration(s) for s in (0.4, 59.4, 62, 3599, 7500)] == ["0s", "59s", "1m02s", "59m59s", "2h05m"]
