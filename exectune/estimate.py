"""Estimate: the bill before the run. In: settings, tasks, the ledger if there is one. Out: a row a stage and role.

The number of calls follows from the settings and the number of tasks. Tokens come from what such calls used by the
ledger, where it has enough of them, or else from the length of the prompts, and of replies of the form that is asked
for. No model is called, so no key and no network is needed. Local models are not in it: they cost nothing to call.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from statistics import mean
from typing import Any

import polars as pl

from exectune.cores.base import Sampling
from exectune.domains.table import core_protocol, of_protocol
from exectune.errors import DataError
from exectune.guides.teacher_prompt import STOP, first_prompt, system_prompt
from exectune.judge import FAITHFUL, RUBRIC
from exectune.ledger import Ledger
from exectune.models import by_role, is_paid, ledger_name, prices
from exectune.params import Params
from exectune.prices import Price
from exectune.protocols import code, direct, program
from exectune.strategy import Strategy
from exectune.task import EVALUATED, SPLITS, Split, Task
from exectune.taskfile import Seen, read
from exectune.teacher import sampling

CHARACTERS_A_TOKEN = 4.0  # of English, about
SPREAD = 1.6  # the range goes from likely ÷ this to likely × this
SPREAD_KNOWN = 1.15  # where the ledger knows such calls
ENOUGH = 20  # calls in the ledger that tell what the next ones will use
FAILING = (0.1, 0.3, 1.0)  # share of candidates that fail a round, and are revised: low, likely, high
GUIDED_ARMS = 5  # of the stage evaluate, besides a prompted one
STEPS = 3.0  # of a strategy, where no task has gold steps
STEP_CHARS = 45  # of one step of a strategy, with its number
PROGRAM_CHARS = 400  # of a program, where no task has a solution
BUNDLED = {"maths": "tasks", "code": "code_tasks"}  # folders of exectune/bundled, by domain
COLUMNS = ("calls", "cached", "tokens_in", "tokens_out", "usd_low", "usd", "usd_high", "usd_saved")


@dataclass(frozen=True)
class Part:
    """The calls of one role in one stage: low, likely, high; and characters of a prompt and a reply."""

    stage: str
    role: str
    calls: tuple[float, float, float]
    chars_in: float
    chars_out: float
    most_out: int  # tokens, the limit that is set
    cached: int = 0  # calls that the ledger answers


def estimate(
    params: Params,
    tasks: Mapping[Split, Sequence[Task]],
    ledger: Ledger | None,
    sizes: Mapping[Split, int] | None = None,
) -> pl.DataFrame:
    """The bill, a row a stage and role: its model, `COLUMNS`. Empty where every model is local.

    Args:
        sizes: number of tasks of a split, where it is not that of `tasks`.

    Raises:
        ParamsError: the price of a paid model is unknown.
    """
    count = {split: len(some) for split, some in tasks.items()} | dict(sizes or {})
    names, price_of = by_role(params), prices(params)
    known = ledger.used() if ledger else {}
    rows = []
    for part in _parts(params, tasks, count, ledger if not sizes else None):
        name = names[part.role]
        if is_paid(name):
            used = known.get((part.stage, part.role, ledger_name(name, params)))
            rows.append((part.stage, part.role, name, *_bill(part, price_of[part.role], used)))
    schema: dict[str, Any] = dict.fromkeys(("stage", "role", "model"), pl.String)
    schema |= {name: pl.Float64 if name.startswith("usd") else pl.Int64 for name in COLUMNS}
    return pl.DataFrame(rows, schema=schema, orient="row")


def tasks_at_hand(params: Params, data: Path = Path("data")) -> tuple[Path, dict[Split, list[Task]]]:
    """The tasks in `data/`, or bundled ones where it is not filled yet, or not with what the protocol is for; and the
    folder.

    Raises:
        DataError: there is no good task in it.
    """
    domain = of_protocol(params.protocol.name).name
    bundled = Path(str(files("exectune.bundled"))) / BUNDLED.get(domain, BUNDLED["maths"])
    for folder in (data, bundled) if data.is_dir() else (bundled,):
        tasks = _tasks_in(folder, params.prepare.max_question_chars)
        domains = {task.domain for some in tasks.values() for task in some}
        if not domains:
            raise DataError(
                f"{folder} holds no good task: fill it with `dvc repro prepare`, which says what is wrong"
            )
        if domain in domains:
            return folder, tasks
    raise DataError(f"{data} holds no good task of the domain {domain}, which protocol.name asks for")


def _tasks_in(folder: Path, limit: int) -> dict[Split, list[Task]]:
    seen, there = Seen(), [(split, folder / f"{split}.jsonl") for split in SPLITS]
    return {
        split: read(path, split, seen, max_question_chars=limit).good if path.is_file() else []
        for split, path in there
    }


def _bill(
    part: Part, price: Price, used: tuple[int, float, float] | None
) -> tuple[int, int, int, int, float, float, float, float]:
    """The figures of one row; `used` is what the ledger knows: calls, mean tokens in and out."""
    if used and used[0] >= ENOUGH:
        _, tokens_in, tokens_out = used
        spread = SPREAD_KNOWN
    else:
        tokens_in, tokens_out = part.chars_in / CHARACTERS_A_TOKEN, part.chars_out / CHARACTERS_A_TOKEN
        spread = SPREAD
    tokens_out = min(tokens_out, part.most_out)
    low, likely, high = (max(calls - part.cached, 0) for calls in part.calls)
    most_out = min(tokens_out * spread, part.most_out)
    cached = min(part.cached, round(part.calls[1]))
    return (
        round(part.calls[1]),
        cached,
        round(likely * tokens_in),
        round(likely * tokens_out),
        low * price.usd(tokens_in / spread, tokens_out / spread),
        likely * price.usd(tokens_in, tokens_out),
        high * price.usd(tokens_in * spread, most_out),
        cached * price.usd(tokens_in, tokens_out),
    )


def _parts(
    params: Params, tasks: Mapping[Split, Sequence[Task]], count: Mapping[Split, int], ledger: Ledger | None
) -> list[Part]:
    """What each stage asks for; `ledger` to look up the calls that are known before the run."""
    everything = [task for some in tasks.values() for task in some]
    core, teacher = _Core(params, everything), params.teacher
    taught = min(count["train"], teacher.tasks or count["train"])
    first = taught * teacher.candidates
    rounds = params.accept.rounds
    revised = [sum(first * share**number for number in range(1, rounds)) for share in FAILING]
    settling = taught * params.accept.settle
    tried = [first + more + settling for more in revised]
    screened = min(count["train"], params.rl.screen_tasks) * params.rl.screen_samples
    sampled = params.rl.max_steps * params.rl.prompts_per_step * params.rl.group_size
    evaluated = (GUIDED_ARMS + bool(params.evaluate.prompted)) * sum(count[split] for split in EVALUATED)
    asked, writes = len(system_prompt(params)) + core.question, core.strategy - len(STOP)
    parts = [
        core.alone(sum(count.values()), _known_alone(params, everything, ledger)),
        Part(
            "teacher",
            "teacher",
            (first,) * 3,
            asked,
            writes,
            teacher.max_new_tokens,
            _known_first(params, tasks, ledger),
        ),
        core.guided("accept", tried[0], tried[1], tried[2]),
        Part(
            "accept",
            "teacher",
            (revised[0], revised[1], revised[2]),
            asked + 2 * core.strategy + 200,
            writes,
            teacher.max_new_tokens,
        ),
        core.guided("rl", 0.5 * (screened + sampled), screened + sampled, screened + sampled),
        core.guided("evaluate", 0.5 * evaluated, evaluated, evaluated),
    ]
    parts += _optional(params, core, sampled, evaluated, count)
    return [part for part in parts if part.calls[2] > 0]


def _optional(
    params: Params, core: "_Core", sampled: int, evaluated: int, count: Mapping[Split, int]
) -> list[Part]:
    """The calls of a judge, and of a paid guide."""
    parts, judge = [], params.judge
    read = core.question + core.strategy
    if judge.name and judge.weight:
        parts.append(
            Part(
                "rl", "judge", (0.5 * sampled, sampled, sampled), len(RUBRIC) + read, 12, judge.max_new_tokens
            )
        )
    if judge.name and judge.faithful:
        judged = (0.3 * evaluated, 0.8 * evaluated, evaluated)
        parts.append(Part("evaluate", "judge", judged, len(FAITHFUL) + 2 * read, 16, judge.max_new_tokens))
    if params.evaluate.prompted:
        chars_in = len(system_prompt(params)) + core.question
        asked = (sum(count[split] for split in EVALUATED),) * 3
        parts.append(
            Part("evaluate", "prompted", asked, chars_in, core.strategy, params.teacher.max_new_tokens)
        )
    return parts


class _Core:
    """What the core's calls look like, in characters, by the protocol that is set."""

    def __init__(self, params: Params, tasks: Sequence[Task]) -> None:
        self.params, self.protocol = params, params.protocol.name
        self.question = mean(len(first_prompt(task.question)) for task in tasks)
        stepped = [task for task in tasks if task.steps]
        self.steps = mean([len(task.steps) for task in stepped] or [STEPS])
        self.strategy = 24 + STEP_CHARS * self.steps
        if stepped and self.protocol == "code":  # the steps are words already
            self.strategy = mean(len(Strategy(task.steps).text) for task in stepped)
        self.program = mean([len(task.solution) for task in tasks if task.solution] or [PROGRAM_CHARS])

    def alone(self, calls: int, cached: int) -> Part:
        """Without a strategy."""
        protocol, limit = core_protocol(self.params), self.params.baseline.max_new_tokens
        chars_in = len(protocol.ALONE_PREFIX) + self.question
        written = {"direct": 150 + 80 * self.steps, "code": self.program}
        chars_out = written.get(self.protocol, 10 + 6 * self.steps)
        return Part("baseline", "core", (calls,) * 3, chars_in, chars_out, limit, cached)

    def guided(self, stage: str, low: float, likely: float, high: float) -> Part:
        """With one; `program` has a call a step, many of which are asked once and then answered by the ledger."""
        limit, steps = self.params.protocol.max_new_tokens, self.steps
        whole = {
            "direct": (len(direct.PREFIX), 30 + 30 * steps),
            "code": (len(code.PREFIX), self.program + 15 * steps),
        }
        if self.protocol in whole:
            prefix, chars_out = whole[self.protocol]
            chars_in = prefix + self.question + self.strategy
            return Part(stage, "core", (low, likely, high), chars_in, chars_out, limit)
        chars_in = len(program.STEP_PREFIX) + STEP_CHARS + 30
        return Part(stage, "core", (0.5 * steps * low, steps * likely, steps * high), chars_in, 24, limit)


def _known_alone(params: Params, tasks: Sequence[Task], ledger: Ledger | None) -> int:
    if ledger is None:
        return 0
    protocol = core_protocol(params)
    return ledger.known(
        ledger_name(params.models.core, params),
        [protocol.alone_prompt(task.question) for task in tasks],
        Sampling(params.baseline.max_new_tokens, stop=protocol.STOP),
        prefix=protocol.ALONE_PREFIX,
    )


def _known_first(params: Params, tasks: Mapping[Split, Sequence[Task]], ledger: Ledger | None) -> int:
    settings = params.teacher
    if ledger is None or not is_paid(settings.name):
        return 0
    asked = [(task, number) for task in tasks["train"] for number in range(settings.candidates)]
    return ledger.known(
        ledger_name(settings.name, params),
        [first_prompt(task.question) for task, _ in asked],
        sampling(params),
        prefix=system_prompt(params),
        samples=[number for _, number in asked],
    )
