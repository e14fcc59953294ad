"""A paid model as a guide: prompted as the teacher is, not trained. What a trained guide has to be worth against."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from exectune.cores.base import Model, Sampling
from exectune.guides.teacher_prompt import STOP, block_of, first_prompt, system_prompt
from exectune.ledger import Billed, Ledger
from exectune.models import load_model
from exectune.params import Params


@dataclass(frozen=True)
class PromptedGuide:
    """A `Guide`; see `exectune.guides.local`."""

    model: Model
    prefix: str
    sampling: Sampling

    @property
    def name(self) -> str:
        return self.model.name

    def write(self, questions: Sequence[str], ledger: Ledger) -> list[Billed]:
        prompts = [first_prompt(question) for question in questions]
        calls = ledger.complete(self.model, prompts, self.sampling, role="prompted", prefix=self.prefix)
        return [_block(call) for call in calls]


def prompted_guide(params: Params) -> PromptedGuide:
    """The one that `evaluate.prompted` names."""
    name = params.evaluate.prompted
    assert name is not None
    sampling = Sampling(params.teacher.max_new_tokens, stop=STOP)
    return PromptedGuide(load_model(name, params), system_prompt(params), sampling)


def _block(call: Billed) -> Billed:
    text = block_of(call.reply.text, call.reply.stop_reason == "stop")
    return replace(call, reply=replace(call.reply, text=text))
