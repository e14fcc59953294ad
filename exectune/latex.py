"""LaTeX: is one short answer the same as another, `\\frac{1}{2}` as `0.5`. In: two texts. Out: a verdict.

math-verify reads and compares them. An answer such as `9^9^9^9` makes it compute for ever, so it works in a process of
its own, which is killed at the deadline and started again. Gold first: it does not compare both ways alike.

    python -m exectune.latex        is that process: a JSON line `["gold", "answer"]` in, `true` or `false` out
"""

import atexit
import json
import re
import select
import subprocess
import sys
from contextlib import suppress
from functools import cache
from typing import IO

MAX_CHARS = 200
DEADLINE_S = 3.0
START_S = 60.0  # its imports take seconds


def is_expression(text: str) -> bool:
    """Whether a gold answer is maths that can be compared: not a bare word, and equal to itself."""
    return not re.fullmatch(r"[\W\d]*[A-Za-z]{2,}[\sA-Za-z.]*", text.strip()) and equal(text, text)


def equal(answer: str, gold: str) -> bool:
    """Whether `answer` is `gold`. False too when that cannot be told in time, or one of them is long."""
    if max(len(answer), len(gold)) > MAX_CHARS or not answer.strip() or not gold.strip():
        return False
    return _worker().compare(gold, answer)


def boxed(text: str) -> str | None:
    """What stands in the last `\\boxed{…}` of a worked solution."""
    start = text.rfind("\\boxed{")
    if start < 0:
        return None
    depth = 0
    for place in range(start + len("\\boxed"), len(text)):
        depth += (text[place] == "{") - (text[place] == "}")
        if depth == 0:
            return text[start + len("\\boxed{") : place].strip()
    return None


class Worker:
    """The process that compares; started when it is first needed, and again when it was killed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def compare(self, gold: str, answer: str) -> bool:
        """The process's word; False, and the process is killed, when there is none by the deadline."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "exectune.latex"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
            )
            self._ask('["1", "1"]', START_S)
        return self._ask(json.dumps([gold, answer]), DEADLINE_S) == "true"

    def close(self) -> None:
        """Kill the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            _stream(process.stdout).close()
            with suppress(BrokenPipeError):  # a line that it never read
                _stream(process.stdin).close()

    def _ask(self, line: str, seconds: float) -> str:
        assert self._process is not None
        replies = _stream(self._process.stdout)
        try:
            _stream(self._process.stdin).write(line + "\n")
            _stream(self._process.stdin).flush()
            ready, _, _ = select.select([replies], [], [], seconds)
            reply = replies.readline().strip() if ready else ""
        except BrokenPipeError:
            reply = ""
        if not reply:
            self.close()
        return reply


@cache
def _worker() -> Worker:
    worker = Worker()
    atexit.register(worker.close)
    return worker


def _stream(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def _serve() -> None:
    from math_verify import parse, verify

    for line in sys.stdin:
        gold, answer = json.loads(line)
        right = verify(parse(f"${gold}$", raise_on_error=False), parse(f"${answer}$", raise_on_error=False))
        print(json.dumps(bool(right)), flush=True)


if __name__ == "__main__":
    _serve()
