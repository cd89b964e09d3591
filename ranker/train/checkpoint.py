"""Checkpoints: written beside and renamed, so that one that can be seen is whole."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import tensorflow as tf

_VARIABLES = "variables.npz"
_STATE = "state.json"


class CheckpointError(ValueError):
    """A checkpoint cannot be read, or is not of this run."""


def save_checkpoint(
    directory: Path, variables: Mapping[str, tf.Variable], state: Mapping[str, object]
) -> None:
    """Writes `variables` and `state` as the checkpoint `directory`, in place of any there.

    Args:
      state: JSON-ready; where the run is beside its variables.

    Raises:
      OSError: if it cannot be written; a checkpoint that was there is untouched.
    """
    temporary = directory.with_name(f".{directory.name}.writing")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    with (temporary / _VARIABLES).open("wb") as file:
        arrays: dict[str, Any] = {name: variable.numpy() for name, variable in variables.items()}
        np.savez(file, **arrays)
        _flush(file)
    digest = _digest(_sha256(temporary / _VARIABLES), state)
    with (temporary / _STATE).open("w", encoding="utf-8") as file:
        json.dump({"sha256": digest, "state": state}, file)
        _flush(file)
    replaced = directory.with_name(f".{directory.name}.replaced")
    shutil.rmtree(replaced, ignore_errors=True)
    if directory.exists():
        directory.rename(replaced)
    temporary.rename(directory)
    shutil.rmtree(replaced, ignore_errors=True)


def restore_checkpoint(directory: Path, variables: Mapping[str, tf.Variable]) -> dict:
    """Reads the checkpoint `directory` into `variables` and returns its state.

    Nothing is assigned unless the whole of it is readable and fits.

    Raises:
      CheckpointError: naming what is missing, damaged or of another shape.
    """
    try:
        saved = json.loads((directory / _STATE).read_text("utf-8"))
        expected, state = saved["sha256"], saved["state"]
        digest = _digest(_sha256(directory / _VARIABLES), state)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{directory}: not readable: {error}") from error
    if digest != expected:
        raise CheckpointError(f"{directory}: damaged: sha256 {digest}, not {expected}")
    with np.load(directory / _VARIABLES, allow_pickle=False) as arrays:
        if set(arrays.files) != set(variables):
            differing = sorted(set(arrays.files) ^ set(variables))
            raise CheckpointError(f"{directory}: of another model: {', '.join(differing)}")
        values = {name: arrays[name] for name in arrays.files}
    for name, variable in variables.items():
        if values[name].shape != tuple(variable.shape):
            raise CheckpointError(
                f"{directory}: {name} has shape {values[name].shape}, "
                f"the model wants {tuple(variable.shape)}"
            )
    for name, variable in variables.items():
        variable.assign(values[name])
    return state


class Checkpoints:
    """The checkpoints of one run: the newest few by attempt, and the best one beside."""

    def __init__(self, directory: Path, *, keep: int) -> None:
        """Takes the folder; makes it when the first checkpoint is saved."""
        self._directory = directory
        self._keep = keep

    def save(
        self, attempt: int, variables: Mapping[str, tf.Variable], state: Mapping[str, object]
    ) -> None:
        """Writes the checkpoint of `attempt` and removes the oldest beyond those kept."""
        save_checkpoint(self._directory / f"{attempt:012d}", variables, state)
        for old in self._numbered()[: -self._keep]:
            shutil.rmtree(old)

    def save_best(self, variables: Mapping[str, tf.Variable], state: Mapping[str, object]) -> None:
        """Writes the best checkpoint, in place of the one before."""
        save_checkpoint(self.best, variables, state)

    def restore_newest(self, variables: Mapping[str, tf.Variable]) -> dict | None:
        """Restores the newest readable checkpoint; None if there is none at all.

        Raises:
          CheckpointError: if there are some and none can be read.
        """
        problems = []
        for directory in reversed(self._numbered()):
            try:
                return restore_checkpoint(directory, variables)
            except CheckpointError as error:
                problems.append(str(error))
        if problems:
            raise CheckpointError("no checkpoint can be restored: " + "; ".join(problems))
        return None

    @property
    def best(self) -> Path:
        """The best checkpoint's folder; a kill inside its renaming leaves the one before."""
        best = self._directory / "best"
        replaced = self._directory / ".best.replaced"
        if not best.exists() and replaced.exists():
            replaced.rename(best)
        return best

    def _numbered(self) -> list[Path]:
        return sorted(p for p in self._directory.glob("*") if p.name.isdigit())


def _flush(file: IO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _digest(of_variables: str, state: Mapping[str, object]) -> str:
    """Returns the digest of a checkpoint: of its variables' file and of its state."""
    text = of_variables + json.dumps(state, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
