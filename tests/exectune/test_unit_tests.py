import threading

import pytest

from exectune.params import SandboxLimits
from exectune.unit_tests import check, plain, read_call, run_examples
from tests.exectune.hostile import FORGED, kill_servers

RIGHT = "def add(a, b):\n    return a + b\n"
PLAIN = ["assert add(1, 2) == 3", "assert add(-1, b=5) == 4"]
LOOP = "for n in range(5):\n    assert add(n, 1) == n + 1\n"
TOLERANT = "assert abs(add(0.1, 0.2) - 0.3) < 1e-6"
NAMED = "from solution import add\n\ndef test_it():\n    assert add([1], [2]) == [1, 2]\n"


@pytest.mark.parametrize("tests", [PLAIN, [LOOP], [TOLERANT], [NAMED], [*PLAIN, LOOP, TOLERANT, NAMED]])
def test_a_right_program_passes_however_the_test_is_written(tests: list[str], limits: SandboxLimits) -> None:
    assert check(RIGHT, "add", tests, limits).passed


@pytest.mark.parametrize(
    "tests", [PLAIN, [LOOP], [TOLERANT], [NAMED]], ids=["plain", "loop", "tolerant", "named"]
)
@pytest.mark.parametrize("code", FORGED.values(), ids=FORGED.keys())
def test_no_forged_program_passes_and_the_next_one_does(
    code: str, tests: list[str], limits: SandboxLimits
) -> None:
    assert not check(code, "add", tests, limits).passed
    assert check(RIGHT, "add", tests, limits).passed


@pytest.mark.parametrize(
    ("code", "tests", "reason"),
    [
        ("def add(a, b): return a - b", PLAIN, "another value: assert add(1, 2) == 3"),
        ("def add(a, b): return a / 0", PLAIN, "ZeroDivisionError division by zero: assert add(1, 2) == 3"),
        ("def add(a, b): return map(a, [b])", PLAIN, "a value that is not plain, map: assert add(1, 2) == 3"),
        ("def ad(a, b): return a + b", PLAIN, "not loaded: KeyError 'add'"),
        ("def add(a, b) return", PLAIN, "not loaded: SyntaxError"),
        ("def add(a, b): return a - b", [LOOP], "AssertionError: for n in range(5)"),
        ("def add(a, b): return 1 / 0", [LOOP], "ZeroDivisionError division by zero: for n in range(5)"),
        (RIGHT, ["assert True"], "it never calls add: assert True"),
        (RIGHT, ["add(1"], "SyntaxError"),
        (RIGHT, [], "there are no tests"),
        (RIGHT, ["assert add(max, min)"], "Unsendable builtin_function_or_method"),
    ],
)
def test_a_failure_says_why(code: str, tests: list[str], reason: str, limits: SandboxLimits) -> None:
    verdict = check(code, "add", tests, limits)
    assert not verdict.passed
    assert verdict.reason.startswith(reason)


def test_a_test_may_expect_an_exception(limits: SandboxLimits) -> None:
    test = "try:\n    add(1, 'a')\n    assert False\nexcept TypeError:\n    pass\n"
    assert check(RIGHT, "add", [test], limits).passed
    assert not check("def add(a, b): return 0", "add", [test], limits).passed


def test_true_is_not_one_in_a_plain_test(limits: SandboxLimits) -> None:
    assert not check("def add(a, b): return 1", "add", ["assert add(1, 2) == True"], limits).passed
    assert check("def add(a, b): return True", "add", ["assert add(1, 2) is True"], limits).passed


def test_each_judge_gets_a_program_of_its_own(limits: SandboxLimits) -> None:
    code = "seen = []\ndef add(a, b):\n    seen.append(1)\n    return len(seen)\n"
    test = "assert add(0, 0) + 0 == 1"
    assert check(code, "add", [test, test + " "], limits).passed


def test_a_program_that_hangs_fails_within_its_wall_clock(limits: SandboxLimits) -> None:
    short = limits.model_copy(update={"wall_s": 0.3})
    code = "def add(a, b):\n  while True:\n    try:\n      while True: pass\n    except BaseException: pass\n"
    for tests in (PLAIN, [LOOP]):
        verdict = check(code, "add", tests, short)
        assert not verdict.passed
        assert verdict.reason.startswith("wall_clock")


def test_examples_run_whatever_they_return(limits: SandboxLimits) -> None:
    assert run_examples(RIGHT, "add", ["add(1, 2)", "add('a', 'b')"], limits) == ""
    assert run_examples(RIGHT, "add", ["add(1, 'b')"], limits) == "TypeError"
    assert run_examples("def add(a, b): return a - b", "add", ["add(1, 2)"], limits) == ""
    assert run_examples("import os\ndef add(a, b): os._exit(0)", "add", ["add(1, 2)"], limits) == "exited"
    assert run_examples("x = ", "add", [], limits) == "SyntaxError"


@pytest.mark.parametrize(
    "test",
    [
        "assert add(x) == 3",
        "assert add(1) == y",
        "assert add(1) < 3",
        "assert add(1)",
        "assert other(1) == 3",
        "assert add(*[1]) == 3",
        "assert add(**{'a': 1}) == 3",
        "assert add(1) == 2 == 2",
        "add(1)",
        "assert add(1) == 3; assert add(2) == 3",
        "assert add(1",
    ],
)
def test_only_a_literal_call_compared_with_a_literal_is_plain(test: str) -> None:
    assert plain(test, "add") is None


def test_a_call_is_read_with_its_names() -> None:
    call = read_call("add((1, 2), b=-3)", "add")
    assert call is not None
    assert (call.arguments, call.named) == ([{"tuple": [1, 2]}], {"dict": [["b", -3]]})


@pytest.mark.parametrize("tests", [PLAIN, [LOOP]], ids=["plain", "loop"])
def test_a_sandbox_that_is_lost_meanwhile_costs_no_verdict(tests: list[str], limits: SandboxLimits) -> None:
    check(RIGHT, "add", tests, limits)

    thread = threading.Timer(0.3, kill_servers)
    thread.start()
    assert check("import time\ntime.sleep(0.8)\n" + RIGHT, "add", tests, limits).passed
    thread.join()
