"""Archives of arrays by name, nothing pickled: NumPy's .npz."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ranker.files.digests import array_digest
from ranker.files.sealed import DamagedError


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> dict[str, str]:
    """Writes arrays of any shapes [...] by name, uncompressed, as `numpy.savez` does.

    Each is asked for once, and is gone before the next: a mapping that makes them as they are
    asked for never has all of them in memory.

    Returns:
      The digest of each by name.
    """
    digests = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name in arrays:
            array = np.asanyarray(arrays[name])
            digests[name] = array_digest(array)
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)
            del array  # before the next is asked for
    return digests


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Returns what `write_arrays` wrote, by name, [...] each.

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
