import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.sorting import ArtifactSort
from prefect.settings import PREFECT_API_URL, temporary_settings

from exectune.progress import Progress
from flows.shown_progress import ShownProgress


def test_a_stages_progress_lines_move_one_bar(
    prefect_server: None, capfd: pytest.CaptureFixture[str]
) -> None:
    with Progress("accept, round 1", 4) as progress:  # prints when it ends
        progress.advance(3, usd=0.25)
    line = capfd.readouterr().err.strip()

    @flow
    def shown() -> None:
        bar = ShownProgress("accept")
        bar.hear("accept, round 1  1/4  25%  1.0/s  ETA 3s")
        bar.hear("Running stage 'accept':")
        bar.hear(line)

    shown()
    with get_client(sync_client=True) as client:
        keyed = ArtifactFilter(key=ArtifactFilterKey(any_=["progress-accept"]))
        artifacts = client.read_artifacts(artifact_filter=keyed, sort=ArtifactSort.CREATED_DESC, limit=10)
    assert [artifact.data for artifact in artifacts] == [75]
    assert "accept, round 1: 75%" in str(artifacts[0].description)
    assert "0.2500 USD" in str(artifacts[0].description)


def test_a_server_that_is_gone_does_not_end_the_stage() -> None:
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:1/api"}):
        ShownProgress("sft").hear("sft, accepted  1/4  25%  1.0/s  ETA 3s")
