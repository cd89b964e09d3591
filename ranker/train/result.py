"""RESULT.json: how a run ended, with a digest of itself, so that a changed number shows."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ranker.files import DamagedError, read_sealed, write_sealed
from ranker.train.run_directory import RunDirectoryError

RESULT = "RESULT.json"


def write_result(workdir: Path, result: Mapping[str, Any]) -> None:
    """Writes the result of the run in `workdir`, as a whole."""
    write_sealed(workdir / RESULT, result)


def read_result(workdir: Path) -> dict[str, Any]:
    """Returns the result of the run in `workdir`, as it was written.

    Raises:
      FileNotFoundError: if there is none.
      RunDirectoryError: if it is not as it was written.
    """
    try:
        return read_sealed(workdir / RESULT)
    except DamagedError as error:
        raise RunDirectoryError(
            f"{error}: delete it and run the training command again, which writes it anew"
        ) from error


def take_measured(workdir: Path, settings: str) -> dict[str, Any]:
    """Returns what the result that is there says of a model, if it is of these settings.

    A result without metrics is deleted: it is of a run that is not over.

    Args:
      settings: their SHA-256.
    """
    with contextlib.suppress(OSError, RunDirectoryError):
        found = read_result(workdir)
        if found.get("config_sha256") == settings and "metrics" in found:
            return {k: v for k, v in found.items() if k not in ("export", "reason", "cause")}
    (workdir / RESULT).unlink(missing_ok=True)
    return {}
