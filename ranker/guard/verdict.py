"""The guard's answer, and where it found what it refuses."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
import tensorflow as tf

ACCEPTED, BAD_LOSS, BAD_GRADIENT, BAD_CHANGE, BAD_STATISTIC, LOSS_SPIKE, NORM_SPIKE = range(7)

REASONS = (  # in words
    "accepted",
    "loss not finite",
    "gradient not finite",
    "update not finite",
    "statistic not finite",
    "loss above its usual range",
    "gradient norm above its usual range",
)


class Verdict(NamedTuple):
    """Whether an attempt may be committed; all scalars but the last two.

    Attributes:
      accept: bool.
      reason: int32, the first that holds of: ACCEPTED 0, BAD_LOSS 1, BAD_GRADIENT 2,
        BAD_CHANGE 3 (an update or a slot's new value), BAD_STATISTIC 4 (what a part remembers),
        LOSS_SPIKE 5 and NORM_SPIKE 6 (the total loss, or the norm of all gradients, above
        its usual range).
      task: int32, of the first loss that is not finite; else -1.
      variable: int32, the `index` of the first bad gradient, or change if no gradient
        is bad; -1 if there is none.
      row: int64, the id of its first row that is not finite: index on axis 0 of a dense
        variable, 0 of a scalar; -1 with `variable`.
      watched: what `SpikeFilter` watches of the attempt, float32 [S]; [0] without a `SpikeFilter`.
      limits: the highest usual value of each, float32 [S].
    """

    accept: tf.Tensor
    reason: tf.Tensor
    task: tf.Tensor
    variable: tf.Tensor
    row: tf.Tensor
    watched: tf.Tensor
    limits: tf.Tensor


class Gradient(Protocol):
    """What the guard reads of a gradient.

    Attributes:
      rows: unique ids [U], or None for the whole variable.
      values: [U, ...], or of the variable's shape.
      index: the variable's index among the trained.
    """

    @property
    def rows(self) -> tf.Tensor | None: ...
    @property
    def values(self) -> tf.Tensor: ...
    @property
    def index(self) -> int: ...


class Change(Protocol):
    """What the guard reads of a change: `unclipped`, since clippers turn NaN into 0, and
    `factor`, which is 0 (or NaN) if they did.

    Attributes:
      rows, index: as the gradient's.
      after: what would be written, [U, ...].
      factor: the smallest share that clippers left of any element, a scalar.
      unclipped: the update before update-stage clippers, [U, ...].
      slots: each slot variable and its new values, [U, ...].
    """

    @property
    def rows(self) -> tf.Tensor | None: ...
    @property
    def after(self) -> tf.Tensor: ...
    @property
    def factor(self) -> tf.Tensor: ...
    @property
    def unclipped(self) -> tf.Tensor: ...
    @property
    def slots(self) -> Sequence[tuple[tf.Variable, tf.Tensor]]: ...
    @property
    def index(self) -> int: ...


class Transaction(Protocol):
    """What the guard reads of a transaction, and where it reports what it watched, as scalars.

    Attributes:
      gradients, changes: one a variable that has a gradient.
      writes: variables that no gradient trains, each with its new value, [...].

    It may have `unweighted_norm`, a scalar that a `SpikeFilter` watches in place of the norm of the
    gradients; None for that.
    """

    @property
    def gradients(self) -> Sequence[Gradient]: ...
    @property
    def changes(self) -> Sequence[Change]: ...
    @property
    def writes(self) -> Sequence[tuple[tf.Variable, tf.Tensor]]: ...
    def scalar(self, name: str, value: tf.Tensor) -> None: ...


def judged(change: Change) -> list[tf.Tensor]:
    """Returns the tensors of `change` that must be finite, [U, ...] or scalars."""
    return [change.unclipped, change.after, *(values for _, values in change.slots)]


def statistics(transaction: Transaction) -> list[tf.Tensor]:
    """Returns what parts remember that must be finite, [...] each: all but counts."""
    return [value for _, value in transaction.writes if value.dtype.is_floating]


def accepted() -> Verdict:
    """Returns the verdict on an attempt that has nothing wrong."""
    none, nothing = tf.constant(-1), tf.zeros([0])
    row = tf.cast(none, tf.int64)
    return Verdict(tf.constant(True), tf.constant(ACCEPTED), none, none, row, nothing, nothing)


def inspect(losses: tf.Tensor, transaction: Transaction) -> Verdict:
    """Returns the exact verdict, by looking at every element, in NumPy on the host.

    Only an attempt that is all but refused gets here, so its round trip costs no good
    step anything; drawn as a graph it took most of the time to trace and start one.

    Args:
      losses: [T].
    """
    items = [(g.index, g.rows, [g.values]) for g in transaction.gradients]
    num_gradients = len(items)
    items += [(c.index, c.rows, judged(c)) for c in transaction.changes]
    layout = [(index, rows is not None, len(tensors)) for index, rows, tensors in items]
    flat = [losses]
    for _, rows, tensors in items:
        flat += [*([] if rows is None else [rows]), *tensors]
    flat += statistics(transaction)
    found = tf.numpy_function(
        lambda *arrays: _look(layout, num_gradients, arrays),
        flat,
        (tf.int32, tf.int32, tf.int32, tf.int64),
    )
    reason, task, variable, row = (tf.ensure_shape(value, ()) for value in found)
    nothing = tf.zeros([0])
    return Verdict(reason == ACCEPTED, reason, task, variable, row, nothing, nothing)


def _look(
    layout: Sequence[tuple[int, bool, int]], num_gradients: int, arrays: Sequence[np.ndarray]
) -> tuple[np.int32, np.int32, np.int32, np.int64]:
    """Returns reason, task, variable and row of the first value that is not finite.

    Args:
      layout: of each gradient, then each change: index, whether row ids come first
        among its arrays, and how many tensors follow.
      arrays: the losses, then what `layout` says, then the statistics.
    """
    task = _first_row(arrays[0])
    left = iter(arrays[1:])
    reason, variable, row = ACCEPTED, -1, -1
    for number, (index, has_rows, num_tensors) in enumerate(layout):
        ids = next(left) if has_rows else None
        firsts = [_first_row(next(left)) for _ in range(num_tensors)]
        bad = [first for first in firsts if first >= 0]
        if bad and variable < 0:
            reason = BAD_GRADIENT if number < num_gradients else BAD_CHANGE
            variable, row = index, bad[0] if ids is None else ids[bad[0]]
    if reason == ACCEPTED and not all(np.isfinite(statistic).all() for statistic in left):
        reason = BAD_STATISTIC
    reason = BAD_LOSS if task >= 0 else reason
    return np.int32(reason), np.int32(task), np.int32(variable), np.int64(row)


def _first_row(array: np.ndarray) -> int:
    """Returns the first index on axis 0 that is not all finite, or -1; 0 of a scalar."""
    bad = np.atleast_1d(~np.isfinite(array))
    bad = bad.any(axis=tuple(range(1, bad.ndim)))
    return int(bad.argmax()) if bad.any() else -1
