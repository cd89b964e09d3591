"""Checkpoints: written beside and renamed, with a digest of every part, so that damage shows.

Layout of a checkpoint's folder:

    variables.npz    the variables by name, nothing pickled
    state.json       where the run is beside them
    manifest.json    SHA-256 of both files, of every variable, and of itself
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ranker import files, json_text

_VARIABLES = "variables.npz"
_STATE = "state.json"
_MANIFEST = "manifest.json"
_KEY = "digests"  # in the manifest
_PREFIX = f"{_VARIABLES}/"  # of a variable's name there
_BESIDE = "changed beside the variables' values"


class CheckpointError(ValueError):
    """A checkpoint cannot be read, or is not of this run."""


class Saved(NamedTuple):
    """What a checkpoint holds: the variables' values by name, and the JSON-ready state."""

    arrays: Mapping[str, np.ndarray]
    state: dict


def save_checkpoint(directory: Path, saved: Saved) -> None:
    """Writes `saved` as the checkpoint `directory`, in place of any there.

    Raises:
      OSError: naming the folder, if it cannot be written; a checkpoint that was there
        is untouched.
    """
    with files.atomic_directory(directory) as folder:
        written = files.write_arrays(folder / _VARIABLES, saved.arrays)
        (folder / _STATE).write_text(json.dumps(saved.state), encoding="utf-8")
        digests = {_PREFIX + name: digest for name, digest in written.items()}
        digests |= {name: files.file_digest(folder / name) for name in (_VARIABLES, _STATE)}
        files.write_manifest(folder / _MANIFEST, digests, key=_KEY)


def read_checkpoint(directory: Path) -> Saved:
    """Returns what the checkpoint `directory` holds, exactly as it was saved.

    Raises:
      CheckpointError: naming each file and variable that is missing or damaged.
    """
    if not directory.exists():
        raise CheckpointError(f"{directory}: missing")
    try:
        digests = files.read_manifest(directory / _MANIFEST, key=_KEY)
    except FileNotFoundError as error:
        raise CheckpointError(f"{directory}: damaged: {_MANIFEST} is missing") from error
    except files.DamagedError as error:
        raise CheckpointError(f"{directory}: damaged: {_within(directory, error)}") from error
    if damage := [what for n in (_VARIABLES, _STATE) if (what := _damage(directory / n, digests))]:
        raise CheckpointError(f"{directory}: damaged: {'; '.join(damage)}")
    state = json_text.parse((directory / _STATE).read_text("utf-8"))
    if not isinstance(state, dict):
        raise CheckpointError(f"{directory}: {_STATE} is no table but {state!r}")
    try:
        return Saved(files.read_arrays(directory / _VARIABLES), state)
    except files.DamagedError as error:
        raise CheckpointError(f"{directory}: {_within(directory, error)}") from error


def _within(directory: Path, error: files.DamagedError) -> str:
    """Returns what an error says of a file, by the file's path in `directory`."""
    return str(error).removeprefix(f"{directory}/")


def _damage(path: Path, digests: Mapping[str, str]) -> str:
    """Returns what is wrong with a file of a checkpoint, "" if nothing is."""
    what = files.damage(path, digests.get(path.name, ""))
    if not what:
        return ""
    if what != files.CHANGED or path.name != _VARIABLES:
        return f"{path.name} {what}"
    wanted = {n.removeprefix(_PREFIX): d for n, d in digests.items() if n.startswith(_PREFIX)}
    names = files.damaged_arrays(path, wanted)
    if names is None:
        return f"{path.name}: no archive of arrays any more"
    return f"{path.name}: {', '.join(names) or _BESIDE}"
