"""The checkpoints of a run: saved by attempt, the best one beside, restored past damage."""

import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ranker import files
from ranker.train.checkpoint_files import CheckpointError, Saved, read_checkpoint, save_checkpoint
from ranker.train.identity import Identity
from ranker.train.run_directory import RunDirectoryError
from ranker.train.snapshots import State, Variables


class Checkpoints:
    """The checkpoints of one run: the newest few by attempt, and the best one beside.

    Each says of which run and of which attempt it is; whoever reads it checks.

    Attributes:
      damaged: what was wrong with those that could not be restored, by their names.
    """

    def __init__(
        self,
        directory: Path,
        *,
        keep: int,
        identity: Identity | None = None,
        check: Callable[[], None] = lambda: None,
        way_out: str = "Put back what was there, or take another --workdir",
        if_lost: str = "",
    ) -> None:
        """Takes the folder; makes it when the first checkpoint is saved.

        Args:
          identity: of the run; None for checkpoints that do not say, and are not asked.
          check: called before each save; raises if the run must not write any more.
          way_out: what a user may do where a checkpoint is not of the run.
          if_lost: the same where none holds the best model; by default to train anew.
        """
        self._directory = directory
        self._keep = keep
        self._identity = identity
        self._check = check
        self._way_out = way_out
        self._if_lost = if_lost or f"delete {directory} and RESULT.json to train from the start"
        self.damaged: dict[str, str] = {}

    def save(
        self, attempt: int, variables: Variables, state: State, *, needed: Collection[int] = ()
    ) -> None:
        """Writes the checkpoint of `attempt` and removes what it makes superfluous.

        Those are the oldest beyond the number kept, but for those `needed`, by attempt, and
        any of later attempts: a run that is behind them found them damaged. The new one is
        whole before they go.
        """
        self._check()
        save_checkpoint(self._at(attempt), self._saved(variables, state))
        for path in self._directory.glob(".[0-9]*"):  # of a killed job
            shutil.rmtree(path, ignore_errors=True)
        numbered = self._numbered()
        index = numbered.index(self._at(attempt)) + 1
        old = [p for p in numbered[: max(0, index - self._keep)] if int(p.name) not in needed]
        for path in old + numbered[index:]:
            files.delete_directory(path)

    def save_best(self, variables: Variables, state: State) -> None:
        """Writes the best checkpoint, in place of the one before."""
        self._check()
        save_checkpoint(self._directory / "best", self._saved(variables, state))

    def resume(self, variables: Variables) -> dict | None:
        """Restores the newest readable checkpoint, and replaces the best one if it is damaged.

        Raises:
          CheckpointError: if there are some and none can be read, or if the best is
            damaged and no other holds the same: nothing is given out for the best
            that is not.
          RunDirectoryError: if the newest is of another run, or of other data.
        """
        saved = self._restore_newest(variables)
        if saved is None:
            return None
        if saved.state.get("best_attempt"):
            best = self._read_best(saved.state | {"attempt": _attempt(saved)})
            if "best" in self.damaged:
                save_checkpoint(self._directory / "best", best)
        return _state(saved)

    def restore_at_most(self, attempt: int, variables: Variables) -> dict | None:
        """Restores the newest readable checkpoint of at most `attempt`; None if there is none."""
        for directory in self._newest_first():
            try:
                saved = self._read(directory)
                if saved.arrays["attempts"] <= attempt:
                    return _assign(directory, saved, variables)
            except CheckpointError as error:
                self._note(directory, error)
        return None

    def restore(self, attempt: int, variables: Variables) -> dict:
        """Restores the checkpoint of `attempt`.

        Raises:
          CheckpointError: if it is missing or damaged.
        """
        return _assign(self._at(attempt), self._read(self._at(attempt)), variables)

    def has(self, attempt: int) -> bool:
        """Returns whether there is a checkpoint of `attempt`, readable or not."""
        return self._at(attempt).exists()

    def restore_best(self, variables: Variables) -> dict:
        """Restores the best checkpoint or, if it is damaged, the same one by its attempt.

        Raises:
          CheckpointError: if neither can be read.
          RunDirectoryError: if it is of another run, or of other data.
        """
        return _assign(self.best, self._read_best(self.newest_state() or {}), variables)

    def read(self, name: str) -> Saved:
        """Returns what the checkpoint `name`, or "best", holds; see `restore_best`."""
        if name == "best":
            return self._read_best(self.newest_state() or {})
        return self._read(self._directory / name)

    def _restore_newest(self, variables: Variables) -> Saved | None:
        there = self._newest_first()
        for directory in there:
            try:
                saved = self._read(directory)
                _assign(directory, saved, variables)
                return saved
            except CheckpointError as error:
                self._note(directory, error)
        if there:
            said = "; ".join(f"{name}: {reason}" for name, reason in self.damaged.items())
            raise CheckpointError(
                f"{self._directory}: no checkpoint can be restored ({said}): "
                "delete that folder to train from the start"
            )
        return None

    def newest_state(self) -> dict | None:
        """Returns the state of the newest readable checkpoint, and its attempt; None without one.

        Raises:
          RunDirectoryError: if it is of another run, or of other data.
        """
        for directory in reversed(self._numbered()):
            try:
                saved = self._read(directory)
                return saved.state | {"attempt": _attempt(saved)}
            except CheckpointError as error:
                self._note(directory, error)
        return None

    @property
    def best(self) -> Path:
        """The best checkpoint's folder; after a kill inside its renaming the one before."""
        return files.standing(self._directory / "best")

    def _read_best(self, newest: Mapping[str, Any]) -> Saved:
        """Returns what the best checkpoint holds, by `newest`, the newest one's state."""
        attempt = newest.get("best_attempt", 0)
        try:
            saved = self._read_settled()
            found = _attempt(saved)
            # After a kill between the two it is of an attempt that the newest has not seen.
            if found <= newest.get("attempt", found) and attempt not in (0, found):
                raise CheckpointError(f"{self.best}: of attempt {found}, and the best is {attempt}")
            if saved.state.get("best_attempt", found) != found:
                raise CheckpointError(f"{self.best}: of attempt {found}, which was not the best")
            return saved
        except (CheckpointError, RunDirectoryError) as error:
            self._note(self.best, error)
            try:
                return self._read(self._at(attempt))
            except CheckpointError:
                raise CheckpointError(
                    f"{error}; no other checkpoint holds the best model: {self._if_lost}"
                ) from error

    def _read_settled(self) -> Saved:
        """Reads the best checkpoint; again, if a run that goes on replaced it meanwhile."""
        while True:
            before = _inode(self.best)
            try:
                return self._read(self.best)
            except CheckpointError:
                if before == _inode(self.best):
                    raise

    def _read(self, directory: Path) -> Saved:
        """Returns what a checkpoint holds, if it is of this run and of the attempt in its name.

        Raises:
          CheckpointError: if it is missing, damaged or of another attempt.
          RunDirectoryError: if it is of another run, or of other data.
        """
        saved = read_checkpoint(directory)
        if directory.name.isdigit() and _attempt(saved) not in (-1, int(directory.name)):
            raise CheckpointError(f"{directory}: damaged: it holds attempt {_attempt(saved)}")
        if self._identity and (what := self._identity.difference(saved.state.get("run"))):
            raise RunDirectoryError(f"{directory}: not of this run: {what}. {self._way_out}")
        return saved

    def _saved(self, variables: Variables, state: State) -> Saved:
        run = {"run": self._identity.as_json()} if self._identity else {}
        return Saved(_Values(variables), {**state, **run})

    def _note(self, directory: Path, error: ValueError) -> None:
        name = "best" if directory == self.best else directory.name
        self.damaged[name] = str(error).removeprefix(f"{directory}: ")

    def _at(self, attempt: int) -> Path:
        return self._directory / f"{attempt:012d}"

    def _newest_first(self) -> list[Path]:
        return [*reversed(self._numbered()), *([self.best] if self.best.exists() else [])]

    def _numbered(self) -> list[Path]:
        return sorted(p for p in self._directory.glob("*") if p.name.isdigit())


class _Values(Mapping[str, np.ndarray]):
    """The values of variables, each read when it is asked for: no copy of the whole model."""

    def __init__(self, variables: Variables) -> None:
        self._variables = variables

    def __getitem__(self, name: str) -> np.ndarray:
        return self._variables[name].numpy()

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)


def _inode(directory: Path) -> int:
    """Returns which folder it is, 0 if there is none."""
    try:
        return directory.stat().st_ino
    except FileNotFoundError:
        return 0


def _attempt(saved: Saved) -> int:
    """Returns the attempt that a checkpoint was written after, -1 if it has no such count."""
    attempts = saved.arrays.get("attempts")
    return -1 if attempts is None or attempts.shape else int(attempts)


def _assign(directory: Path, saved: Saved, variables: Variables) -> dict:
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
    return _state(saved)


def _state(saved: Saved) -> dict:
    """Returns where the run was, without which run it is."""
    return {name: value for name, value in saved.state.items() if name != "run"}
