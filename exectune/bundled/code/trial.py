"""Trial: what a problem's solution gives for a fixed set of arguments, and which of these make its tests.

The arguments depend on their kinds alone, so that two functions of the same kinds can be compared by their values.
Values are kept as JSON, which tells `True` from 1.
"""

import copy
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from exectune.bundled.code.arguments import Kind, draw, edge_cases
from exectune.bundled.code.family import Problem

CASES = 80
DRAWN_TESTS = 3  # beside the edge cases
FEWEST_VALUES = 5  # different ones, of all cases
LONGEST_VALUE = 200  # characters
EMPTY = {"0", '""', "[]", "{}"}


@dataclass(frozen=True)
class Trial:
    """One problem with its solution's values, as JSON, one for each of `cases(problem.kinds)`."""

    problem: Problem
    values: tuple[str, ...]

    def is_sound(self) -> bool:
        """Whether it is a good task: many different values, none of them long, and more than its argument."""
        given = tuple(as_json(case[0]) for case in cases(self.problem.kinds))
        return (
            len(set(self.values)) >= FEWEST_VALUES
            and max(map(len, self.values)) <= LONGEST_VALUE
            and self.values != given
        )

    def differs(self, other: "Trial") -> list[int]:
        """The cases for which the other function, of the same kinds, gives another value."""
        return [case for case in range(CASES) if self.values[case] != other.values[case]]

    def call(self, case: int) -> str:
        """The call as Python."""
        return f"{self.problem.entry_point}({', '.join(map(repr, cases(self.problem.kinds)[case]))})"

    def test(self, case: int) -> str:
        """The test as Python."""
        return f"assert {self.call(case)} == {json.loads(self.values[case])!r}"


def try_out(problem: Problem) -> Trial:
    """Run the solution for all cases, and compare each value with the one computed again."""
    function = run_solution(problem.solution, problem.entry_point)
    values = []
    for case in cases(problem.kinds):
        values.append(as_json(function(*copy.deepcopy(case))))
        again = as_json(problem.again(*copy.deepcopy(case)))
        assert values[-1] == again, f"{problem.solution}{case}: {values[-1]}, computed again {again}"
    return Trial(problem, tuple(values))


def same_kinds(trial: Trial, trials: Sequence[Trial]) -> list[Trial]:
    """The others that take the same kinds of arguments."""
    return [other for other in trials if other.problem.kinds == trial.problem.kinds and other is not trial]


def choose_cases(trial: Trial, trials: Sequence[Trial]) -> list[int]:
    """The cases for its tests: the edge cases, drawn ones, and what it takes to tell it from all `trials`."""
    chosen = list(range(len(edge_cases(trial.problem.kinds))))
    enough = len(chosen) + DRAWN_TESTS
    for case, value in enumerate(trial.values):
        if len(chosen) < enough and value not in EMPTY | {trial.values[known] for known in chosen}:
            chosen.append(case)
    for other in same_kinds(trial, trials):
        telling = trial.differs(other)
        if not set(telling) & set(chosen):
            chosen.append(telling[-1])
    return chosen


@cache
def cases(kinds: tuple[Kind, ...]) -> list[tuple[Any, ...]]:
    """The edge cases and the drawn ones."""
    source = random.Random("/".join(kinds))
    edges = edge_cases(kinds)
    return edges + [draw(kinds, source) for _ in range(CASES - len(edges))]


def run_solution(solution: str, entry_point: str) -> Callable[..., Any]:
    """The function that our own code defines."""
    names: dict[str, Any] = {}
    exec(solution, names)
    function: Callable[..., Any] = names[entry_point]
    return function


def as_json(value: Any) -> str:
    """Equal for values that are equal and of the same types throughout."""
    return json.dumps(value, sort_keys=True)
