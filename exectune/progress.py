"""Progress of long work: a bar in a terminal, elsewhere a dense log line every few seconds and at the end.

accept  512/1840  28%  21.3/s  ETA 1m02s  0.0123 USD
"""

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar

LINE_EVERY_S = 5.0


class Progress:
    """A context manager; `advance` tells of each part done. Writes to standard error."""

    def __init__(self, label: str, total: int):
        self._label, self._total = label, total
        self._done, self._usd, self._note = 0, 0.0, ""
        self._start = self._printed = time.monotonic()
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[line]}"))
        self._bar = Bar(*columns, console=console) if console.is_terminal else None
        self._task = self._bar.add_task(label, total=total, line="") if self._bar else None

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()
        else:
            self._print("stopped after" if kind else "took")

    def advance(self, n: int, usd: float = 0.0, note: str = "") -> None:
        """Tell of n more done and what they cost; `note` (a reward, a loss) stays until the next one."""
        self._done, self._usd, self._note = self._done + n, self._usd + usd, note or self._note
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=self._done, line=self._line("ETA"))
        elif time.monotonic() - self._printed >= LINE_EVERY_S and self._done < self._total:
            self._print("ETA")

    def reach(self, done: int, usd: float = 0.0, note: str = "") -> None:
        """Tell how much is done by now and what it cost in all; work that was resumed starts above zero."""
        self.advance(done - self._done, usd - self._usd, note)

    def _print(self, word: str) -> None:
        self._printed = time.monotonic()
        print(f"{self._label}  {self._line(word)}", file=sys.stderr, flush=True)

    def _line(self, word: str) -> str:
        """`word` says what the time means: ETA for what is left, another for what has passed."""
        passed = time.monotonic() - self._start
        rate = self._done / passed if passed > 0 else 0.0
        left = (self._total - self._done) / rate if rate else 0.0
        share = self._done / self._total if self._total else 1.0
        parts = [f"{self._done}/{self._total}", f"{share:.0%}", f"{rate:.1f}/s"]
        parts.append(f"{word} {duration(left if word == 'ETA' else passed)}")
        parts += [f"{self._usd:.4f} USD"] if self._usd else []
        return "  ".join(parts + ([self._note] if self._note else []))


def duration(seconds: float) -> str:
    """`4s`, `1m02s`, `2h05m`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
