from pathlib import Path

from exectune import models
from exectune.guides.prompted import prompted_guide
from exectune.ledger import Ledger
from exectune.params import Params
from exectune.policy import GuideCorePolicy
from tests.loopback.server import Loopback, says
from tests.scripted import GOLD, TASK, core

HAIKU = "bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0"


def test_a_paid_model_is_a_guide_like_any_other(settings: Params, tmp_path: Path) -> None:
    with Loopback(says(f"Of course.\n{GOLD}")) as server:
        content = settings.model_dump()
        content["evaluate"]["prompted"] = HAIKU
        content["endpoints"]["bedrock"]["url"] = server.url
        params = Params.model_validate(content)
        prices = models.prices(params)
        with Ledger.open(tmp_path / "l", stage="evaluate", run_id="r", prices=prices) as ledger:
            policy = GuideCorePolicy(prompted_guide(params), core(), ledger, params)
            (outcome,) = policy.run([TASK], arm="prompted", run_id="r")
            totals = ledger.totals().filter(role="prompted")
    assert outcome.correct
    assert outcome.strategy == GOLD
    assert outcome.usd > totals["usd"].sum() > 0
    assert "29" not in server.requests[0].asked.prompt
