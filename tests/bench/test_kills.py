from pathlib import Path

import pytest

from bench.kills import CONCURRENCY, measure


@pytest.mark.timeout(300)
def test_after_kill_9_a_stage_goes_on_and_sends_no_answered_call_again(tmp_path: Path) -> None:
    found = measure(1, 100, tmp_path)
    assert found.sent_again_after_settled == 0
    assert found.settled == found.tasks, "the last life ended the stage"
    assert found.most_unknown_a_kill <= CONCURRENCY
    assert found.sent_twice <= found.unknown
