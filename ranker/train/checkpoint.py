"""The checkpoints of a run: saved by attempt, the best one beside, restored past damage."""

import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

import tensorflow as tf

from ranker.train.checkpoint_files import CheckpointError, Saved, read_checkpoint, save_checkpoint


def restore_checkpoint(directory: Path, variables: Mapping[str, tf.Variable]) -> dict:
    """Reads the checkpoint `directory` into `variables` and returns its state.

    Nothing is assigned unless the whole of it is readable and fits.

    Raises:
      CheckpointError: naming what is missing, damaged or of another shape.
    """
    return _assign(directory, read_checkpoint(directory), variables)


class Checkpoints:
    """The checkpoints of one run: the newest few by attempt, and the best one beside.

    Attributes:
      damaged: what was wrong with those that could not be restored, by their names.
    """

    def __init__(self, directory: Path, *, keep: int) -> None:
        """Takes the folder; makes it when the first checkpoint is saved."""
        self._directory = directory
        self._keep = keep
        self.damaged: dict[str, str] = {}

    def save(
        self,
        attempt: int,
        variables: Mapping[str, tf.Variable],
        state: Mapping[str, object],
        *,
        needed: Collection[int] = (),
    ) -> None:
        """Writes the checkpoint of `attempt` and removes what it makes superfluous.

        Those are the oldest beyond the number kept, but for those `needed`, by attempt, and
        any of later attempts: a run that is behind them found them damaged. The new one is
        whole before they go.
        """
        save_checkpoint(self._at(attempt), _saved(variables, state))
        for path in self._directory.glob(".[0-9]*"):  # of a killed job
            shutil.rmtree(path, ignore_errors=True)
        numbered = self._numbered()
        place = numbered.index(self._at(attempt)) + 1
        old = [p for p in numbered[: max(0, place - self._keep)] if int(p.name) not in needed]
        for path in old + numbered[place:]:
            hidden = path.with_name(f".{path.name}.removed")
            path.rename(hidden)  # half a folder must not be seen
            shutil.rmtree(hidden, ignore_errors=True)

    def save_best(self, variables: Mapping[str, tf.Variable], state: Mapping[str, object]) -> None:
        """Writes the best checkpoint, in place of the one before."""
        save_checkpoint(self._directory / "best", _saved(variables, state))

    def resume(self, variables: Mapping[str, tf.Variable]) -> dict | None:
        """Restores the newest readable checkpoint, and mends the best one if it is damaged.

        Raises:
          CheckpointError: if there are some and none can be read, or if the best is
            damaged and no other holds the same: nothing is given out for the best
            that is not.
        """
        state = self.restore_newest(variables)
        if state and state.get("best_attempt"):
            best = self._read_best(state["best_attempt"])
            if "best" in self.damaged:
                save_checkpoint(self._directory / "best", best)
        return state

    def restore_at_most(self, attempt: int, variables: Mapping[str, tf.Variable]) -> dict | None:
        """Restores the newest readable checkpoint of at most `attempt`; None if there is none."""
        for directory in self._newest_first():
            try:
                saved = read_checkpoint(directory)
                if saved.arrays["attempts"] <= attempt:
                    return _assign(directory, saved, variables)
            except CheckpointError as error:
                self._note(directory, error)
        return None

    def restore_newest(self, variables: Mapping[str, tf.Variable]) -> dict | None:
        """Restores the newest readable checkpoint; None if there is none at all.

        The best one, which is as complete as the others, comes last.

        Raises:
          CheckpointError: if there are some and none can be read.
        """
        there = self._newest_first()
        for directory in there:
            try:
                return restore_checkpoint(directory, variables)
            except CheckpointError as error:
                self._note(directory, error)
        if there:
            said = "; ".join(f"{name}: {reason}" for name, reason in self.damaged.items())
            raise CheckpointError(
                f"{self._directory}: no checkpoint can be restored ({said}): "
                "delete that folder to train from the start"
            )
        return None

    def restore(self, attempt: int, variables: Mapping[str, tf.Variable]) -> dict:
        """Restores the checkpoint of `attempt`.

        Raises:
          CheckpointError: if it is missing or damaged.
        """
        return restore_checkpoint(self._at(attempt), variables)

    def has(self, attempt: int) -> bool:
        """Returns whether there is a checkpoint of `attempt`, readable or not."""
        return self._at(attempt).exists()

    def restore_best(self, variables: Mapping[str, tf.Variable]) -> dict:
        """Restores the best checkpoint or, if it is damaged, the same one by its attempt.

        Raises:
          CheckpointError: if neither can be read.
        """
        newest = self._newest_state() or {}
        return _assign(self.best, self._read_best(newest.get("best_attempt", 0)), variables)

    @property
    def best(self) -> Path:
        """The best checkpoint's folder; after a kill inside its renaming the one before."""
        best, replaced = self._directory / "best", self._directory / ".best.replaced"
        return replaced if replaced.exists() and not best.exists() else best

    def _read_best(self, attempt: int) -> Saved:
        best = self.best
        try:
            return read_checkpoint(best)
        except CheckpointError as error:
            self._note(best, error)
            try:
                return read_checkpoint(self._at(attempt))
            except CheckpointError:
                raise CheckpointError(
                    f"{error}; no other checkpoint holds the best model: delete "
                    f"{self._directory} and RESULT.json to train from the start"
                ) from error

    def _newest_state(self) -> dict | None:
        for directory in reversed(self._numbered()):
            try:
                return read_checkpoint(directory).state
            except CheckpointError as error:
                self._note(directory, error)
        return None

    def _note(self, directory: Path, error: CheckpointError) -> None:
        name = "best" if directory == self.best else directory.name
        self.damaged[name] = str(error).removeprefix(f"{directory}: ")

    def _at(self, attempt: int) -> Path:
        return self._directory / f"{attempt:012d}"

    def _newest_first(self) -> list[Path]:
        return [*reversed(self._numbered()), *([self.best] if self.best.exists() else [])]

    def _numbered(self) -> list[Path]:
        return sorted(p for p in self._directory.glob("*") if p.name.isdigit())


def _saved(variables: Mapping[str, tf.Variable], state: Mapping[str, object]) -> Saved:
    return Saved({name: variable.numpy() for name, variable in variables.items()}, dict(state))


def _assign(directory: Path, saved: Saved, variables: Mapping[str, tf.Variable]) -> dict:
    """Assigns all of `saved`, or raises CheckpointError; returns its state."""
    if set(saved.arrays) != set(variables):
        differing = sorted(set(saved.arrays) ^ set(variables))
        raise CheckpointError(f"{directory}: of another model: {', '.join(differing)}")
    for name, variable in variables.items():
        found, wanted = saved.arrays[name], variable
        if found.shape != tuple(wanted.shape) or found.dtype != wanted.dtype.as_numpy_dtype:
            raise CheckpointError(
                f"{directory}: {name} has shape {found.shape} of {found.dtype}, "
                f"the model wants {tuple(wanted.shape)} of {wanted.dtype.name}"
            )
    for name, variable in variables.items():
        variable.assign(saved.arrays[name])
    return saved.state
