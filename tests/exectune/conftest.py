from pathlib import Path

import pytest

from tests.exectune.tiny import make_tiny_model


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny random model."""
    folder = tmp_path_factory.mktemp("tiny")
    make_tiny_model(folder)
    return folder
