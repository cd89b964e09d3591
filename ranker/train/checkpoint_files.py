"""Checkpoints: written beside and renamed, with a digest of every part, so that damage shows.

Layout of a checkpoint's folder:

    variables.npz    the variables by name, nothing pickled
    state.json       where the run is beside them
    manifest.json    SHA-256 of both files, of every variable, and of itself
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ranker.train.run_directory import naming

_VARIABLES = "variables.npz"
_STATE = "state.json"
_MANIFEST = "manifest.json"
_PREFIX = f"{_VARIABLES}/"  # of a variable's name in the manifest


class CheckpointError(ValueError):
    """A checkpoint cannot be read, or is not of this run."""


class Saved(NamedTuple):
    """What a checkpoint holds: the variables' values by name, and the JSON-ready state."""

    arrays: dict[str, np.ndarray]
    state: dict


def save_checkpoint(directory: Path, saved: Saved) -> None:
    """Writes `saved` as the checkpoint `directory`, in place of any there.

    Raises:
      OSError: naming the folder, if it cannot be written; a checkpoint that was there
        is untouched.
    """
    temporary = directory.with_name(f".{directory.name}.writing")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        with naming(directory):
            _write(temporary, saved)
            _put_in_place(temporary, directory)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)  # gives its room on a full disk back


def read_checkpoint(directory: Path) -> Saved:
    """Returns what the checkpoint `directory` holds, exactly as it was saved.

    Raises:
      CheckpointError: naming each file and variable that is missing or damaged.
    """
    digests = _read_manifest(directory / _MANIFEST)
    damage = [
        what
        for name in (_VARIABLES, _STATE)
        if (what := _damage(directory / name, digests.get(name, ""), digests))
    ]
    if damage:
        raise CheckpointError(f"{directory}: damaged: {'; '.join(damage)}")
    state = json.loads((directory / _STATE).read_text("utf-8"))
    if not isinstance(state, dict):
        raise CheckpointError(f"{directory}: {_STATE} is no table but {state!r}")
    return Saved(_read_arrays(directory / _VARIABLES), state)


def _write(folder: Path, saved: Saved) -> None:
    folder.mkdir(parents=True)
    arrays: dict[str, Any] = saved.arrays
    np.savez(folder / _VARIABLES, **arrays)
    (folder / _STATE).write_text(json.dumps(saved.state), encoding="utf-8")
    digests = {_PREFIX + name: _array_digest(a) for name, a in saved.arrays.items()}
    digests |= {name: _file_digest(folder / name) for name in (_VARIABLES, _STATE)}
    (folder / _MANIFEST).write_text(_manifest(digests), encoding="utf-8")
    for path in (*folder.iterdir(), folder):
        _flush(path)


def _put_in_place(temporary: Path, directory: Path) -> None:
    """Renames; at every moment `directory` or what it was, `.<name>.replaced`, is there."""
    replaced = directory.with_name(f".{directory.name}.replaced")
    if directory.exists():
        shutil.rmtree(replaced, ignore_errors=True)
        directory.rename(replaced)
    temporary.rename(directory)
    _flush(directory.parent)
    shutil.rmtree(replaced, ignore_errors=True)


def _manifest(digests: Mapping[str, str]) -> str:
    """Returns the text of a manifest, which no other text can be taken for."""
    itself = hashlib.sha256(json.dumps(digests).encode()).hexdigest()
    return json.dumps({"digests": digests, "sha256": itself}, indent=1) + "\n"


def _read_manifest(path: Path) -> dict[str, str]:
    try:
        text = path.read_text("utf-8")
        digests = json.loads(text)["digests"]
        is_whole = isinstance(digests, dict) and _manifest(digests) == text
    except OSError as error:
        raise CheckpointError(f"{path.parent}: damaged: {path.name}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path.parent}: damaged: {path.name}: {error}") from error
    if not is_whole:
        raise CheckpointError(f"{path.parent}: damaged: {path.name}: not as it was written")
    return digests


def _damage(path: Path, expected: str, digests: Mapping[str, str]) -> str:
    """Returns what is wrong with a file of a checkpoint, "" if nothing is."""
    try:
        found = _file_digest(path)
    except OSError as error:
        return f"{path.name}: {error.strerror}"
    if found == expected:
        return ""
    if path.name == _VARIABLES:
        return f"{path.name}: {', '.join(_damaged_arrays(path, digests))}"
    return f"{path.name}: sha256 {found}, not {expected}"


def _damaged_arrays(path: Path, digests: Mapping[str, str]) -> list[str]:
    """Names the variables whose values are not what was saved, or says what else it is."""
    wanted = {n.removeprefix(_PREFIX): d for n, d in digests.items() if n.startswith(_PREFIX)}
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            names = [n for n, digest in wanted.items() if not _is_as_saved(arrays, n, digest)]
    except Exception:  # noqa: BLE001 - a damaged archive raises nearly anything
        return ["no archive of arrays any more"]
    return names or ["changed beside the variables' values"]


def _is_as_saved(arrays: Mapping[str, np.ndarray], name: str, digest: str) -> bool:
    try:
        return _array_digest(arrays[name]) == digest
    except Exception:  # noqa: BLE001 - as above
        return False


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except Exception as error:  # a crafted archive raises nearly anything
        raise CheckpointError(f"{path.parent}: {path.name} is not readable: {error}") from error


def _array_digest(array: np.ndarray) -> str:
    digest = hashlib.sha256(f"{array.dtype.str} {array.shape}".encode())
    digest.update(array.tobytes())
    return digest.hexdigest()


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    """Has the system write a file, or a folder's entries, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
