"""RESULT.json: how a run ended, with a digest of itself, so that a changed number shows."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ranker.train.run_directory import RunDirectoryError, write_json

RESULT = "RESULT.json"
_ITSELF = "sha256"


def write_result(workdir: Path, result: Mapping[str, Any]) -> None:
    """Writes the result of the run in `workdir`, as a whole."""
    write_json(workdir / RESULT, {**result, _ITSELF: _digest(result)})


def read_result(workdir: Path) -> dict[str, Any]:
    """Returns the result of the run in `workdir`, as it was written.

    Raises:
      FileNotFoundError: if there is none.
      RunDirectoryError: if it is not as it was written.
    """
    path = workdir / RESULT
    try:
        result = json.loads(path.read_text("utf-8"))
        itself = result.pop(_ITSELF)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(path) from error
    if itself != _digest(result):
        raise _damaged(path)
    return result


def _digest(result: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(result, sort_keys=True).encode()).hexdigest()


def _damaged(path: Path) -> RunDirectoryError:
    return RunDirectoryError(
        f"{path}: not as it was written: delete it and run the training command again, "
        "which writes it anew"
    )
