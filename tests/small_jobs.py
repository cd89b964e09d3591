"""Whole runs of a tiny model: their settings, and how they are run, killed and stopped."""

import json
from collections.abc import Callable
from pathlib import Path

from ranker import job
from ranker.spec import load
from ranker.spec.run import RunConfig

SMALL = """
seed = 7
data = {{path = "{data}", batch_size = 16}}
export = {{enabled = false}}
"""
MODEL = """
[model]
embedding_width = 4
tower_units = [4]
sharing = {{kind = "shared_bottom", units = [4]}}
"""


class Killed(Exception):  # noqa: N818 - it is no error
    """What ends a run without any chance to save."""


def never() -> bool:
    """Asks no run to stop."""
    return False


def at_call(*, kill_at: int = 0, stop_at: int = 0) -> Callable[[], bool]:
    """Returns what kills, or stops saving, when it is asked for the n-th time; 0 for never."""
    asked = 0

    def is_stopping() -> bool:
        nonlocal asked
        asked += 1
        if asked == kill_at:
            raise Killed
        return 0 < stop_at <= asked

    return is_stopping


def run(config: RunConfig, workdir: Path, *, is_stopping: Callable[[], bool] = never) -> dict:
    """Runs, or goes on, in `workdir`; returns what RESULT.json holds."""
    workdir.mkdir(exist_ok=True)
    return job.run_job(config, workdir, is_stopping=is_stopping, say=lambda line: None)


def write_settings(path: Path, text: str, data: Path) -> Path:
    """Writes `text`, with {data} in it, to `path` and returns that."""
    path.write_text(text.format(data=data), encoding="utf-8")
    return path


def read_settings(path: Path, *overrides: str) -> RunConfig:
    """Returns the settings in `path`."""
    return load.load(path, overrides, RunConfig)


def logs(workdir: Path) -> dict[str, list[dict]]:
    """Returns the records of a run's logs but for their times, by the names of the files."""
    found = {}
    for name in ("events.jsonl", "metrics.jsonl"):
        found[name] = [json.loads(line) for line in (workdir / name).read_text().splitlines()]
        for record in found[name]:
            assert record.pop("time")
    return found
