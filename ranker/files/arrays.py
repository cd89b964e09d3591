"""Archives of arrays by name, nothing pickled: NumPy's .npz."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ranker.files.digests import array_digest
from ranker.files.sealed import DamagedError


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes arrays of any shapes by name, uncompressed; `path` ends in ".npz"."""
    named: dict[str, Any] = dict(arrays)
    np.savez(path, **named)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Returns what `write_arrays` wrote.

    Raises:
      DamagedError: if that cannot be read; nothing is unpickled, whatever the file holds.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except Exception as error:  # a crafted archive raises nearly anything
        raise DamagedError(f"{path} is not readable: {error}") from error


def damaged_arrays(path: Path, digests: Mapping[str, str]) -> list[str] | None:
    """Returns which arrays of an archive are missing, or not of these digests.

    Returns None if it is no archive any more.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return [name for name, digest in digests.items() if not _is_of(arrays, name, digest)]
    except Exception:  # noqa: BLE001 - as above
        return None


def _is_of(arrays: Mapping[str, np.ndarray], name: str, digest: str) -> bool:
    try:
        return array_digest(arrays[name]) == digest
    except Exception:  # noqa: BLE001 - as above
        return False
