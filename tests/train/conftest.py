"""What tests of training share."""

from pathlib import Path

import pytest
from begun_runs import write_ended


@pytest.fixture(scope="session")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished run, not to be changed: `begun_runs.write_ended` says of what."""
    return write_ended(tmp_path_factory.mktemp("ended"))
