"""A run that several tests of the programs look at."""

import json
from pathlib import Path
from typing import NamedTuple

import pytest
from programs import call
from small_jobs import write_settings

CONFIG = """
seed = 5
[data]
path = "{data}"
batch_size = 16
[model]
embedding_width = 4
tower_units = [8]
dropout = 0.2
[model.sharing]
kind = "shared_bottom"
units = [8]
[[clip]]
kind = "clippy"
[train]
epochs = 4
attempts_per_call = 5
log_every_attempts = 5
evaluate_every_attempts = 20
checkpoint_every_attempts = 20
[export]
warmup_requests = 4
"""


class Whole(NamedTuple):
    """A run that nothing disturbed: its settings and directory, its end and what it said.

    `log` is what went to standard error.
    """

    config: Path
    workdir: Path
    result: dict
    said: str
    log: str


@pytest.fixture(scope="session")
def whole(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """A run of `pipelines.train` that completed and exported."""
    folder = tmp_path_factory.mktemp("whole")
    config = write_settings(folder / "config.toml", CONFIG, prepared)
    code, out, err = call("train", f"--config={config}", f"--workdir={folder / 'run'}")
    assert code == 0, err
    result = json.loads((folder / "run/RESULT.json").read_text())
    return Whole(config, folder / "run", result, out, err)
