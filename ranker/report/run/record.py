"""A run as its directory shows it, whether it is over, goes on, or is an old one."""

import dataclasses
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ranker import json_text
from ranker.files import DamagedError, read_sealed
from ranker.report.run.series import Logs, mapping, read_logs

RESULT, SCORES = "RESULT.json", "scores.json"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Record:
    """Everything that a page says of a run.

    Attributes:
      workdir: the run's directory.
      result: what RESULT.json holds; {} while there is none.
      environment, settings: what environment.json and config.toml hold.
      config: the text of config.toml.
      scores: by split and task, how scores were distributed; {} of an earlier version's run.
      logs: what happened when.
      problems: files that could not be read, a sentence each.
    """

    workdir: Path
    result: Mapping[str, Any]
    environment: Mapping[str, Any]
    settings: Mapping[str, Any]
    config: str
    scores: Mapping[str, Any]
    logs: Logs
    problems: tuple[str, ...]

    @property
    def name(self) -> str:
        """The directory's name."""
        return self.workdir.resolve().name

    @property
    def status(self) -> str:
        """ "completed", "diverged", "preempted", "failed", or "running" without a result."""
        return str(self.result.get("status", "running"))

    def metrics(self, split: str) -> dict[str, dict[str, Any]]:
        """Returns the final metrics of a split by task; {} if there are none."""
        tasks = mapping(mapping(self.result.get("metrics")).get(split))
        return {task: mapping(metrics) for task, metrics in tasks.items()}


def read_record(workdir: Path) -> Record:
    """Returns what the run in `workdir` left so far.

    Raises:
      FileNotFoundError: if there is no run.
      OSError: if its logs cannot be read.
    """
    if not (workdir / "config.toml").exists():
        said = "no run here: there is no such file"
        if (workdir / "nights").is_dir():
            said += "; of a nightly job see nights.html, and of a night its nights/DATE/run"
        raise FileNotFoundError(2, said, str(workdir / "config.toml"))
    problems: list[str] = []
    config = (workdir / "config.toml").read_text("utf-8", errors="replace")
    try:
        settings = tomllib.loads(config)
    except (ValueError, RecursionError):
        settings = {}
        problems.append("config.toml is not TOML: settings are not told apart.")
    return Record(
        workdir=workdir,
        result=read_result(workdir, problems),
        environment=_read(workdir / "environment.json", problems),
        settings=settings,
        config=config,
        scores=_read(workdir / SCORES, problems),
        logs=read_logs(workdir),
        problems=tuple(problems),
    )


def read_result(workdir: Path, problems: list[str]) -> dict[str, Any]:
    """Returns what RESULT.json holds; {} and a sentence in `problems` if it is damaged."""
    try:
        return mapping(read_sealed(workdir / RESULT))
    except FileNotFoundError:
        return {}
    except (DamagedError, OSError):
        problems.append(f"{RESULT} is not as it was written, and is left out.")
        return {}


def _read(path: Path, problems: list[str]) -> dict[str, Any]:
    try:
        return mapping(json_text.parse(path.read_text("utf-8")))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        problems.append(f"{path.name} cannot be read, and is left out.")
        return {}
