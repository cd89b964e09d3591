"""What tests of several rooms share."""

from pathlib import Path

import pytest
from tiny_dataset import write_tiny


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the ones `pipelines.prepare` writes."""
    return write_tiny(tmp_path_factory.mktemp("tiny"))
