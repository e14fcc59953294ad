from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.exectune.cores.paid import KEY, SECRETS
from tests.loopback.server import Loopback

SETTINGS = (
    *("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK", "AWS_ENDPOINT_URL"),
    "OPENAI_BASE_URL",
)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Credentials of a test, and nothing of the user's."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    for name, value in (SECRETS | {"OPENAI_API_KEY": KEY}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name))


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback(slow_s=1.0) as running:
        yield running
