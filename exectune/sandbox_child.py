"""What a forked child of the sandbox does with one job. In: a job, a socket. Out: lines of JSON on the socket.

A `program` loads model-written code and answers calls of its entry point. A `judge` runs a test, in which the entry
point is a proxy: each call goes out, is answered by a program in another sandbox, and comes back as a plain value. So
no object and no line of the model's code is ever where a verdict is made.

    {"role": "program", "code": "def f(x): …", "entry_point": "f", "calls": [[[1], {}]], "asked": false}
        → {"value": null}: it is loaded; then a line a call:
          {"value": 2} or {"raised": ["ValueError", "…"]} or {"unsendable": "map"}
    {"role": "judge", "test": "assert f(1) == 2", "entry_point": "f"}
        → {"call": [[1], {}]}, is answered by a line as above, and at last {"verdict": "passed", "calls": 1}

Only the standard library is used: this file runs inside the sandbox.
"""

import builtins
import json
import sys
import types
from collections.abc import Callable
from socket import socket
from typing import Any

from exectune.values import Unsendable, decode, encode

Line = dict[str, Any]
LONGEST_MESSAGE = 300


def do(job: dict[str, Any], channel: socket) -> None:
    """Do one job."""

    def send(line: Line) -> None:
        channel.sendall(json.dumps(line).encode("ascii") + b"\n")

    if job["role"] == "judge":
        lines = channel.makefile("rb")
        _judge(job, send, lambda: json.loads(lines.readline()))
        return
    function = _load(job, send)
    if function is None:
        return
    for call in job["calls"]:
        send(_answer(function, call))
    for line in channel.makefile("rb") if job["asked"] else ():
        send(_answer(function, json.loads(line)))


def _load(job: dict[str, Any], send: Callable[[Line], None]) -> Callable[..., Any] | None:
    """The entry point of the program; None, and said so, when it cannot be had."""
    module = types.ModuleType("solution")
    sys.modules["solution"] = module
    try:
        exec(compile(job["code"], "solution.py", "exec"), module.__dict__)
        function: Callable[..., Any] = module.__dict__[job["entry_point"]]
    except BaseException as error:
        send(_raised(error))
        return None
    send({"value": None})
    return function


def _answer(function: Callable[..., Any], call: Any) -> Line:
    try:
        arguments, named = decode(call[0]), decode(call[1])
        return {"value": encode(function(*arguments, **named))}
    except Unsendable as error:
        return {"unsendable": str(error)}
    except BaseException as error:
        return _raised(error)


def _raised(error: BaseException) -> Line:
    return {"raised": [type(error).__name__, str(error)[:LONGEST_MESSAGE]]}


def _judge(job: dict[str, Any], send: Callable[[Line], None], read: Callable[[], Line]) -> None:
    calls = 0

    def proxy(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        send({"call": [encode(arguments), encode(named)]})
        return _value(read())

    name = job["entry_point"]
    proxy.__name__ = proxy.__qualname__ = name
    module = types.ModuleType("solution")
    setattr(module, name, proxy)
    sys.modules["solution"] = module
    names: dict[str, Any] = {"__name__": "test", name: proxy}
    try:
        exec(compile(job["test"], "test.py", "exec"), names)
        for key, function in list(names.items()):
            if key.startswith("test") and isinstance(function, types.FunctionType):
                function()
    except BaseException as error:
        send({"verdict": "failed", "why": " ".join(_raised(error)["raised"]).strip(), "calls": calls})
    else:
        send({"verdict": "passed", "calls": calls})


def _value(line: Line) -> Any:
    """What the program answered, as in the same process: a value, or an exception of that builtin name."""
    if "value" in line:
        return decode(line["value"])
    if "unsendable" in line:
        raise RuntimeError(f"the function returned a value that is not plain: {line['unsendable']}")
    name, message = line["raised"]
    kind = getattr(builtins, str(name), None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)) or issubclass(kind, UnicodeError):
        raise RuntimeError(f"{name}: {message}")
    raise kind(message)
