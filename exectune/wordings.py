"""Wordings: which ones this core carries out, and which ones each guide uses.

In: the candidates of the accept stage and the outcomes. Out: two small frames for the report. Only the first round of
candidates counts, since later ones were chosen by what failed. A step was carried out when the core's reply comes to
what its wording asks for; steps after the first one that does not are left out, as they build on a wrong result.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

import polars as pl

from exectune.calculator import CalculationError, evaluate
from exectune.guides.reference import WORDINGS, operands, wording_of
from exectune.stats import wilson
from exectune.strategy import REFERENCE, Strategy, parse
from exectune.verify import is_right

SIGNS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
RATES = {
    "operation": pl.String,
    "wording": pl.String,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "n": pl.Int64,
}
SHARES = {
    "arm": pl.String,
    "operation": pl.String,
    "wording": pl.String,
    "share": pl.Float64,
    "n": pl.Int64,
}


def rates(candidates: pl.DataFrame) -> pl.DataFrame:
    """Operation, wording, share of tried steps that the core carried out with its Wilson interval, and n."""
    tried: Counter[str] = Counter()
    done: Counter[str] = Counter()
    first = candidates.filter(pl.col("round") == pl.col("round").min())
    for row in first.iter_rows(named=True):
        for wording, right in _tried(_steps(row["strategy"]), row["wordings"], row["replies"]):
            tried[wording] += 1
            done[wording] += right
    found = []
    for wording, n in sorted(tried.items()):
        share = wilson(done[wording], n)
        found.append((operation(wording), wording, share.value, share.low, share.high, n))
    return pl.DataFrame(found, schema=RATES, orient="row")


def surest(rates: pl.DataFrame) -> dict[str, str]:
    """Operation -> the wording with the greatest lower bound of its rate; any where none was tried."""
    plain = {operation: names[0][0] for operation, names in WORDINGS.items()}
    return plain | dict(rates.sort("low", "wording").select("operation", "wording").rows())


def shares(outcomes: pl.DataFrame, arms: Sequence[str]) -> pl.DataFrame:
    """Arm, operation, wording, its share of the arm's recognised steps of that operation, and their number."""
    found = []
    for arm, counts in ((arm, _used(outcomes, arm)) for arm in arms):
        totals: Counter[str] = Counter()
        for wording, count in counts.items():
            totals[operation(wording)] += count
        found += [
            (arm, operation(wording), wording, count / totals[operation(wording)], totals[operation(wording)])
            for wording, count in sorted(counts.items())
            if wording
        ]
    return pl.DataFrame(found, schema=SHARES, orient="row")


def unrecognised(outcomes: pl.DataFrame, arms: Sequence[str]) -> Mapping[str, tuple[int, int]]:
    """Arm -> steps in a wording of the guide's own, steps in all; of the strategies that parse."""
    used = {arm: _used(outcomes, arm) for arm in arms}
    return {arm: (counts[""], counts.total()) for arm, counts in used.items()}


def operation(wording: str) -> str:
    """`"add/combine"` words an `"add"`."""
    return wording.partition("/")[0]


def wanted(wording: str, step: str, values: Sequence[Fraction]) -> Fraction:
    """What a worded step comes to, given the results of the steps before: `"Take 2 away from 9."` is 7.

    Raises:
        CalculationError: division by zero.
    """
    a, b = (_operand(text, values) for text in operands(step, wording))
    return evaluate(f"({a}) {SIGNS[operation(wording)]} ({b})")


def _operand(text: str, values: Sequence[Fraction]) -> Fraction:
    reference = REFERENCE.fullmatch(text)
    return Fraction(text) if reference is None else values[int(reference.group(1)) - 1]


def _used(outcomes: pl.DataFrame, arm: str) -> Counter[str]:
    """Wording -> steps; the empty wording for those in no known one."""
    strategies = outcomes.filter((pl.col("arm") == arm) & pl.col("error").is_null())["strategy"]
    return Counter(wording_of(step) or "" for text in strategies for step in _steps(text))


def _steps(text: str) -> tuple[str, ...]:
    strategy = parse(text, max_steps=100, max_step_chars=10_000)
    return strategy.steps if isinstance(strategy, Strategy) else ()


def _tried(
    steps: Sequence[str], wordings: Sequence[str], replies: Sequence[str]
) -> Iterator[tuple[str, bool]]:
    """Each asked step's wording and whether it was carried out, up to the first that was not."""
    values: list[Fraction] = []
    for step, wording, reply in zip(steps, wordings, replies, strict=False):
        try:
            target = wanted(wording, step, values)
        except CalculationError:
            return
        right = is_right(reply, str(target))
        yield wording, right
        if not right:
            return
        values.append(target)
