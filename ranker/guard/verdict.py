"""The guard's answer, and where it found what it refuses."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import tensorflow as tf

from ranker import numerics

ACCEPTED, BAD_LOSS, BAD_GRADIENT, BAD_CHANGE = range(4)


class Verdict(NamedTuple):
    """Whether an attempt may be committed; all scalars.

    Attributes:
      accept: bool.
      reason: int32, the first that holds of: ACCEPTED 0, BAD_LOSS 1, BAD_GRADIENT 2,
        BAD_CHANGE 3 (an update or a slot's new value).
      task: int32, of the first loss that is not finite; else -1.
      variable: int32, the `index` of the first bad gradient, or change if no gradient
        is bad; -1 if there is none.
      row: int64, the id of its first bad row: place on axis 0 of a dense variable, 0 of
        a scalar; -1 with `variable`.
    """

    accept: tf.Tensor
    reason: tf.Tensor
    task: tf.Tensor
    variable: tf.Tensor
    row: tf.Tensor


class Gradient(Protocol):
    """What the guard reads of a gradient."""

    @property
    def rows(self) -> tf.Tensor | None: ...
    @property
    def values(self) -> tf.Tensor: ...
    @property
    def index(self) -> int: ...


class Change(Protocol):
    """What the guard reads of a change; `unclipped`, since clippers turn NaN into 0."""

    @property
    def rows(self) -> tf.Tensor | None: ...
    @property
    def update(self) -> tf.Tensor: ...
    @property
    def after(self) -> tf.Tensor: ...
    @property
    def unclipped(self) -> tf.Tensor: ...
    @property
    def slots(self) -> Sequence[tuple[tf.Variable, tf.Tensor]]: ...
    @property
    def index(self) -> int: ...


class Proposal(Protocol):
    """What the guard reads of a proposal."""

    @property
    def gradients(self) -> Sequence[Gradient]: ...
    @property
    def changes(self) -> Sequence[Change]: ...


def judged(change: Change) -> list[tf.Tensor]:
    """Returns the tensors of `change` that must be finite, each once."""
    values = [change.after, *(values for _, values in change.slots)]
    return values if change.unclipped is change.update else [change.unclipped, *values]


def accepted() -> Verdict:
    """Returns the verdict on an attempt that has nothing wrong."""
    none = tf.constant(-1)
    return Verdict(tf.constant(True), tf.constant(ACCEPTED), none, none, tf.cast(none, tf.int64))


def inspect(losses: tf.Tensor, proposal: Proposal) -> Verdict:
    """Returns the exact verdict, by looking at every element. Dear: see `Guard.judge`."""
    task = tf.cast(numerics.first_not_finite(losses), tf.int32)
    gradient, gradient_row = _first_bad([(g.index, g.rows, [g.values]) for g in proposal.gradients])
    change, change_row = _first_bad([(c.index, c.rows, judged(c)) for c in proposal.changes])
    reason = tf.where(change >= 0, BAD_CHANGE, ACCEPTED)
    reason = tf.where(gradient >= 0, BAD_GRADIENT, reason)
    reason = tf.where(task >= 0, BAD_LOSS, reason)
    variable = tf.where(gradient >= 0, gradient, change)
    row = tf.where(gradient >= 0, gradient_row, change_row)
    return Verdict(reason == ACCEPTED, reason, task, variable, row)


def _first_bad(
    places: Sequence[tuple[int, tf.Tensor | None, Sequence[tf.Tensor]]],
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns index and row id of the first of `places` that is not all finite, or -1s."""
    firsts = [_first_bad_row(rows, tensors) for _, rows, tensors in places]
    rows = tf.stack([*firsts, tf.constant(-1, tf.int64)])
    indices = tf.constant([index for index, _, _ in places] + [-1])
    is_bad = tf.concat([rows[:-1] >= 0, [True]], axis=0)
    first = tf.argmax(is_bad)
    return indices[first], rows[first]


def _first_bad_row(rows: tf.Tensor | None, tensors: Sequence[tf.Tensor]) -> tf.Tensor:
    """Returns the id of the first row that is bad in the first bad one of `tensors`, or -1."""
    places = tf.stack([*(numerics.first_not_finite(tensor) for tensor in tensors), -1])
    place = places[tf.argmax(tf.concat([places[:-1] >= 0, [True]], axis=0))]
    if rows is None:
        return place
    none = tf.constant([-1], tf.int64)
    ids = tf.concat([none, tf.cast(rows, tf.int64)], axis=0)
    return ids[place + 1]
