"""Faithful: what a judge says of executions that passed the mechanical check. In: outcomes. Out: a rate an arm, split.

The mechanical check looks at the numbers that a reply uses and not at the operation; this is a second opinion on it,
and changes no outcome.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from exectune.judge import Judge
from exectune.outcome import Outcome
from exectune.stats import wilson


def faithfulness(judge: Judge, outcomes: Sequence[Outcome]) -> dict[str, dict[str, dict[str, Any]]]:
    """`arm -> split -> {value, low, high, n, unjudged}`, over the outcomes that were carried out with a strategy."""
    executed = [one for one in outcomes if one.executed and one.strategy and one.error is None]
    verdicts: dict[tuple[str, str], list[bool | None]] = defaultdict(list)
    for one, verdict in zip(executed, judge.faithful(executed), strict=True):
        verdicts[one.arm, one.split].append(verdict)
    found: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for (arm, split), some in verdicts.items():
        known = [verdict for verdict in some if verdict is not None]
        found[arm][split] = {**vars(wilson(sum(known), len(known))), "unjudged": len(some) - len(known)}
    return dict(found)
