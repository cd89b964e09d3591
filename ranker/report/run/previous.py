"""The last run of the same settings, to set a run's metrics beside."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ranker.report.run.record import RESULT, Record, read_record, read_result

_MOST = 1000  # directories that are looked through


def previous_run(record: Record) -> Record | None:
    """Returns the newest run beside `record`'s with its settings, the seed apart, and metrics.

    It ended before this one did; None if there is none.
    """
    home = record.workdir.resolve()
    own = home / RESULT
    ended = own.stat().st_mtime_ns if own.exists() else None
    found: list[tuple[int, Path]] = []
    try:
        beside = sorted(home.parent.iterdir())[:_MOST]
        for folder in beside:
            result = folder / RESULT
            if folder == home or not result.is_file() or not (folder / "config.toml").is_file():
                continue
            at = result.stat().st_mtime_ns
            if (ended is None or at < ended) and _is_alike(folder, record.settings):
                found.append((at, folder))
    except OSError:
        return None
    for _, folder in sorted(found, reverse=True):
        if read_result(folder, []).get("metrics"):
            return read_record(folder)
    return None


def _is_alike(folder: Path, settings: Mapping[str, Any]) -> bool:
    try:
        other = tomllib.loads((folder / "config.toml").read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return _without_seed(other) == _without_seed(settings)


def _without_seed(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name != "seed"}
