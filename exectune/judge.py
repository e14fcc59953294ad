"""Judge: a model that reads strategies by a rubric, and replies for faithful execution. Off unless `judge.name` is set.

It sees the question, the strategy and the core's replies, never the gold answer. A judgement that failed, or that is in
no known form, is None: it is counted, and it is no score.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from exectune.cores.base import Model, Sampling
from exectune.ledger import Billed, Ledger
from exectune.models import load_model
from exectune.outcome import Outcome
from exectune.params import Params

MOST = 10  # points

RUBRIC = """You judge strategies. A strategy is a plan for a word problem that another model will carry out step by
step, without seeing the problem. Give points:

- 0 to 4: the steps, carried out exactly as written, solve the problem;
- 0 to 3: each step is one operation that names its numbers, or the earlier result that it uses;
- 0 to 2: no step is missing, and none is needless;
- 0 or 1: no result and no answer is written out.

Reply with one line and nothing else: Points: N, where N is the sum, 0 to 10.
"""

FAITHFUL = """You check whether a model did what a strategy says. You see the steps of the strategy and what the model
wrote. Whether the strategy is any good, and whether the answer is right, does not matter. The model was faithful if it
did for each step the operation that the step names, with the numbers that it names.

Reply with one line and nothing else: Faithful: yes, or Faithful: no.
"""

POINTS = re.compile(r"Points:\W*(\d{1,2})\b", re.IGNORECASE)
VERDICT = re.compile(r"Faithful:\W*(yes|no)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Judge:
    """A model with two questions."""

    model: Model
    ledger: Ledger
    max_new_tokens: int

    def points(self, outcomes: Sequence[Outcome]) -> list[float | None]:
        """How good each strategy is, 0 to 1."""
        prompts = [f"Problem: {one.question}\n\n{one.strategy}\n" for one in outcomes]
        return [_points(call) for call in self._ask(RUBRIC, prompts)]

    def faithful(self, outcomes: Sequence[Outcome]) -> list[bool | None]:
        """Whether the core did in each case what the strategy says."""
        prompts = ["\n".join((one.strategy, "", "The model wrote:", *one.replies, "")) for one in outcomes]
        return [_verdict(call) for call in self._ask(FAITHFUL, prompts)]

    def _ask(self, prefix: str, prompts: Sequence[str]) -> list[Billed]:
        sampling = Sampling(self.max_new_tokens, stop="")
        return self.ledger.complete(self.model, prompts, sampling, role="judge", prefix=prefix)


def load_judge(params: Params, ledger: Ledger) -> Judge | None:
    """The judge that is set; None where there is none."""
    settings = params.judge
    if settings.name is None:
        return None
    return Judge(load_model(settings.name, params), ledger, settings.max_new_tokens)


def _points(call: Billed) -> float | None:
    found = None if call.failure else POINTS.search(call.reply.text)
    return int(found.group(1)) / MOST if found and int(found.group(1)) <= MOST else None


def _verdict(call: Billed) -> bool | None:
    found = None if call.failure else VERDICT.search(call.reply.text)
    return found.group(1).lower() == "yes" if found else None
