from pathlib import Path

import pytest

from bench.faults import measure


def test_every_call_ends_answered_or_with_a_named_error_and_the_sums_agree(tmp_path: Path) -> None:
    sums = measure(400, 0.3, tmp_path)
    assert sums.faults > 80, "faults were met"
    assert sums.answered + sum(sums.failed.values()) == sums.calls
    assert set(sums.failed) <= {"refused", "throttled", "transient", "invalid"}
    assert sums.wrong == 0, "no fault became an answer"
    assert sums.billed_by_server == sums.charged + sums.lost
    assert sums.usd == pytest.approx(sums.usd_of_charged)
    assert sums.lost > 0
    assert sums.not_covered == 0, "what was billed without a reply is unknown spend"
    assert sums.unknown_usd >= sums.usd_of_lost
