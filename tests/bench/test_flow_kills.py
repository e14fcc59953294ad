import subprocess
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from bench.flow_kills import differences, orphans, readable


def test_metrics_that_differ_are_named_and_what_varies_by_nature_is_not() -> None:
    one = {"evaluate": {"arms": {"rl": {"value": 0.5}}, "break_even": 3}, "promote": {"version": 1}}
    other = {"evaluate": {"arms": {"rl": {"value": 0.6}}, "break_even": 4}, "promote": {"version": 2}}
    assert list(differences(one, one)) == []
    assert list(differences(one, other)) == ["evaluate.arms.rl.value: 0.5 and 0.6"]
    assert list(differences(one, {})) != []


@pytest.mark.parametrize("kept", [0, 20, None])
def test_a_damaged_adapter_is_seen(tmp_path: Path, kept: int | None) -> None:
    path = tmp_path / "adapter_model.safetensors"
    save_file({"lora": np.zeros(8, np.float32)}, path)
    path.write_bytes(path.read_bytes()[:kept])
    assert readable(path) == (kept is None)


def test_an_orphan_is_seen_and_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.flow_kills.GONE_WITHIN_S", 0.1)
    assert orphans(tmp_path) == []
    orphan = subprocess.Popen(["sleep", "60"], cwd=tmp_path)
    assert [process.pid for process in orphans(tmp_path)] == [orphan.pid]
    assert orphan.wait() != 0
