"""What an aggregation is, what it is given, and where it may leave something."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import tensorflow as tf

from ranker.spec.aggregate import Shared

Gradient = Any  # of a variable, as the optimizer takes it: passed on, never looked into
ByTask = Mapping[str, tf.Tensor]  # of one variable, by the task: those of the tasks that read it


class Context(NamedTuple):
    """What an aggregation that settings declare is made with, beside its declaration.

    Attributes:
      tasks: T names, in order.
      seed: of the run.
    """

    tasks: tuple[str, ...]
    seed: int | tf.Variable


class TaskGradients(Protocol):
    """The gradients of a batch, differentiated when they are asked for.

    Each task's is that of its loss as it counts in the sum, so that they sum to the total's;
    rows of a table are summed by id. Ask once for what you need: each call is a backward pass,
    and `each` is one a task.

    Attributes:
      tasks: T names, in order.
      losses: theirs, unweighted, [T].
      labelled: which have labels in the batch, bool [T].
    """

    @property
    def tasks(self) -> tuple[str, ...]: ...
    @property
    def losses(self) -> tf.Tensor: ...
    @property
    def labelled(self) -> tf.Tensor: ...

    def gramian(self, of: Shared) -> tf.Tensor:
        """Returns the inner products of the tasks' gradients, float64 [T, T].

        Args:
          of: which shared variables: "last", "dense" or "all", see `ranker.spec.aggregate`. The
            fewer, the less a backward pass costs.
        """
        ...

    def total(
        self, weights: tf.Tensor | None = None, *, keeps_own: bool = False
    ) -> tuple[Gradient, ...]:
        """Returns the gradient of the weighted sum of the losses: one backward pass.

        Args:
          weights: [T], times the tasks' own; None for 1 each.
          keeps_own: whether `weights` are of shared variables alone, so that what a single task
            reads keeps the gradient that it has without them.
        """
        ...

    def each(self) -> dict[str, dict[str, tf.Tensor]]:
        """Returns each task's gradient of each variable: by variable, then by task.

        A variable that several tasks read is shared; all of its values are of one shape, [U, ...]
        over the same U rows of a table. One that a single task reads has that task's alone.
        """
        ...

    def having(self, values: Mapping[str, tf.Tensor]) -> tuple[Gradient, ...]:
        """Returns what to pass on, after `each`: of each variable the value that is decided.

        Args:
          values: by variable, of the shape of what `each` had of it, [U, ...]; one left out stays.

        Raises:
          ValueError: for a variable that `each` did not have, or another shape.
        """
        ...


class Transaction(Protocol):
    """Where an attempt's proposed writes and named scalars go.

    Attributes:
      unweighted_norm: to be set by a method that weighs the tasks' gradients by their lengths:
        the norm without its weights, a float32 scalar, for what watches norms.
    """

    unweighted_norm: tf.Tensor | None

    def write(self, variable: tf.Variable, value: tf.Tensor) -> None:
        """Proposes a new value [...] of one of the aggregation's `variables`."""

    def scalar(self, name: str, value: tf.Tensor | float) -> None:
        """Adds a scalar to what is reported of the attempt."""


class Aggregation(Protocol):
    """Makes one gradient of the tasks'.

    It may have `follow(before, after, transaction)`, which then gets the tasks' losses [T] on the
    batch without the step and with it, after each that is committed: one more forward pass.

    Attributes:
      variables: what it remembers from step to step, by name, for checkpoints: {} if nothing.
        It reads them, and changes them by `transaction.write` alone.
    """

    @property
    def variables(self) -> Mapping[str, tf.Variable]: ...

    def __call__(self, gradients: TaskGradients, transaction: Transaction) -> Sequence[Gradient]:
        """Returns `gradients.total(...)`, or `gradients.having(...)`."""
        ...
