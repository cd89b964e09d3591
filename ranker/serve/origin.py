"""Of which run an export is: what it says of itself, beside what its run directory says."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ranker import json_text
from ranker.serve.manifest import MANIFEST, check_manifest, missing_files

_ORIGIN = "assets.extra/origin.json"
_SAME = {"config_sha256": "settings", "data": "data"}


def write_origin(version: Path, origin: Mapping[str, Any]) -> None:
    """Writes what the export in the folder `version` is of."""
    (version / _ORIGIN).write_text(json.dumps(origin, indent=2) + "\n", encoding="utf-8")


def data_of(version: Path) -> dict[str, str]:
    """Returns the SHA-256 of the files that an export was trained on; {} if it does not say."""
    try:
        found = json_text.parse((version / _ORIGIN).read_text("utf-8")).get("data")
    except (OSError, ValueError, AttributeError):
        return {}
    return found if isinstance(found, dict) else {}


def check_origin(version: Path, directory: Path) -> None:
    """Compares a version in the run directory `directory` with the run's result, if it has one.

    Raises:
      ValueError: if it is the export of another run.
    """
    if version.parent != directory / "export":
        return
    try:
        result = json_text.parse((directory / "RESULT.json").read_text("utf-8"))
        origin = json_text.parse((version / _ORIGIN).read_text("utf-8"))
        other = [said for key, said in _SAME.items() if result.get(key) != origin.get(key)]
    except (OSError, ValueError, AttributeError):
        return  # nothing to compare with: a folder of versions, or an earlier export
    if other:
        raise ValueError(
            f"{version}: not of the run in {directory}: it is of other {' and '.join(other)}; "
            "export that run again, or give the version itself as --model"
        )


def is_whole(version: Path, *, of: Path) -> bool:
    """Whether the folder `version` holds an export of the run in `of`, each file as written."""
    try:
        check_manifest(version)
        check_origin(version, of)
    except ValueError:
        return False
    return (version / MANIFEST).exists() and not missing_files(version)
