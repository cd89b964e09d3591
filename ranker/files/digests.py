"""SHA-256 of texts, files, directories and arrays, in hexadecimal digits."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np


def digest(content: str | bytes) -> str:
    """Returns the SHA-256 of bytes, or of a text in UTF-8."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def file_digest(path: Path, *, kind: str = "sha256") -> str:
    """Returns the SHA-256 of a file, or another `kind` that hashlib knows.

    Raises:
      OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()


def directory_digests(directory: Path) -> dict[str, str]:
    """Returns the SHA-256 of each file in `directory`, by its path there, in order of the paths."""
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {path.relative_to(directory).as_posix(): file_digest(path) for path in files}


def array_digest(array: np.ndarray) -> str:
    """Returns the SHA-256 of an array [...]: its type and shape, then its values."""
    whole = hashlib.sha256(_header(array))
    whole.update(array.tobytes())
    return whole.hexdigest()


def arrays_digest(arrays: Mapping[str, np.ndarray], *, about: str) -> str:
    """Returns one SHA-256 of the text `about` and of arrays [...] by name, in their order."""
    whole = hashlib.sha256(about.encode())
    for name, array in arrays.items():
        whole.update(f"{name} ".encode() + _header(array))
        whole.update(array.tobytes())
    return whole.hexdigest()


def _header(array: np.ndarray) -> bytes:
    return f"{array.dtype.str} {array.shape}".encode()
