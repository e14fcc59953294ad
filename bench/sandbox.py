"""Tests a second in the sandbox, beside a harness that starts a process a test. One process, a trivial test.

    python -m bench.sandbox

The other harness is the usual one: a file with program and test, a fresh interpreter, its exit code (with `-I -S`,
which halves its start). It contains nothing and believes `sys.exit(0)`. Both run in turns, so that what else the
machine does is the same for both.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from exectune import params
from exectune.unit_tests import check

CODE = "def add(a, b):\n    return a + b\n"
PLAIN, JUDGED = "assert add(1, 2) == 3", "x = 3\nassert add(1, 2) == x\n"
ROUNDS, TESTS = 10, 50


def main() -> None:
    """Run all harnesses in turns and print what each took."""
    limits = params.load().sandbox
    file = Path(tempfile.mkdtemp()) / "test.py"
    file.write_text(f"{CODE}\n{PLAIN}\n", encoding="utf-8")
    harnesses: dict[str, Callable[[], bool]] = {
        "warm sandbox, plain test": lambda: check(CODE, "add", [PLAIN], limits).passed,
        "warm sandbox, judge and program": lambda: check(CODE, "add", [JUDGED], limits).passed,
        "a process a test": lambda: subprocess.run([sys.executable, file], check=False).returncode == 0,
        "a process a test, -I -S": lambda: (
            subprocess.run([sys.executable, "-I", "-S", file], check=False).returncode == 0
        ),
    }
    for run in harnesses.values():
        assert run(), "the right program passes, and the servers are warm"
    seconds: dict[str, list[float]] = {name: [] for name in harnesses}
    for _ in range(ROUNDS):
        for name, run in harnesses.items():
            for _ in range(TESTS):
                start = time.perf_counter()
                assert run()
                seconds[name].append(time.perf_counter() - start)
    print(f"{ROUNDS * TESTS} tests each, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for name, spent in seconds.items():
        p95 = statistics.quantiles(spent, n=20)[-1]
        print(
            f"{name:32} {len(spent) / sum(spent):6.0f} tests/s   "
            f"median {1000 * statistics.median(spent):5.2f} ms   p95 {1000 * p95:5.2f} ms"
        )


if __name__ == "__main__":
    main()
