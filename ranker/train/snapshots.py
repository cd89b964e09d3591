"""Where the snapshots of a run are: on disk, as checkpoints, or in memory."""

from collections.abc import Collection, Mapping
from typing import Protocol

import numpy as np
import tensorflow as tf

from ranker.train.checkpoint_files import CheckpointError

Variables = Mapping[str, tf.Variable]  # of a run, by their names
State = Mapping[str, object]  # what a snapshot says beside them, JSON-ready


class Store(Protocol):
    """Keeps snapshots of variables by attempt, and the best one beside."""

    def save(
        self, attempt: int, variables: Variables, state: State, *, needed: Collection[int] = ()
    ) -> None:
        """Keeps the variables after `attempt`; may forget all but the newest and `needed`."""
        ...

    def save_best(self, variables: Variables, state: State) -> None:
        """Keeps the variables as the best, in place of those before."""
        ...

    def restore(self, attempt: int, variables: Variables) -> dict:
        """Assigns what was kept of `attempt`, and returns its state.

        Raises:
          CheckpointError: if it is not there, or damaged.
        """
        ...


class MemoryStore:
    """Snapshots in memory: of a trial, or of a replay beside what is on disk.

    Attributes:
      best: the best, by name; {} before there is one.
    """

    def __init__(
        self, *, names: Collection[str] | None = None, beneath: Store | None = None
    ) -> None:
        """Keeps nothing yet.

        Args:
          names: of the variables that the best is kept of; None for all.
          beneath: asked for attempts that are not here.
        """
        self._names = names
        self._beneath = beneath
        self._kept: dict[int, dict[str, np.ndarray]] = {}
        self.best: dict[str, np.ndarray] = {}

    def save(
        self, attempt: int, variables: Variables, state: State, *, needed: Collection[int] = ()
    ) -> None:
        """Keeps the variables after `attempt` if they are needed, and forgets all that is not."""
        del state
        self._kept = {kept: values for kept, values in self._kept.items() if kept in needed}
        if attempt in needed:
            self._kept[attempt] = {name: v.numpy() for name, v in variables.items()}

    def save_best(self, variables: Variables, state: State) -> None:
        """Keeps the variables as the best."""
        del state
        names = variables if self._names is None else self._names
        self.best = {name: variables[name].numpy() for name in names}

    def restore(self, attempt: int, variables: Variables) -> dict:
        """Assigns what was kept of `attempt`; its state is {}."""
        if attempt not in self._kept and self._beneath is not None:
            return self._beneath.restore(attempt, variables)
        if attempt not in self._kept:
            raise CheckpointError(f"no snapshot of attempt {attempt}; there are: {[*self._kept]}")
        for name, variable in variables.items():
            variable.assign(self._kept[attempt][name])
        return {}
