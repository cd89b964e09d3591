"""What a gradient becomes: summed by row, then a proposed write."""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

# From a table's name to the rows that a batch read of it, as often as it did, int [J].
Reads = Callable[[str], tf.Tensor]


class Gradient(NamedTuple):
    """A derivative, dense or of some rows, in one shape: rows are summed by id.

    Attributes:
      variable: what it is the derivative by.
      rows: unique ids [U] of the rows touched, or None for the whole variable.
      values: [U, ...], or of the variable's shape.
      ids: of the slices that it came in, repeats and all, [N]; None if dense.
      name: the variable's, unique in its optimizer.
      index: the variable's index in `Optimizer.trainable`.
    """

    variable: tf.Variable
    rows: tf.Tensor | None
    values: tf.Tensor
    ids: tf.Tensor | None = None
    name: str = ""
    index: int = 0


class Change(NamedTuple):
    """A proposed write; nothing is written before it is judged.

    Attributes:
      gradient: that it was made of, before any clipper.
      update: what would be subtracted, times the learning rate, decayed and clipped.
      after: the variable's values at `rows` as they would be, less the update.
      slots: each slot variable and its new values at `rows`.
      factor: scalar, the smallest share that clippers left of any element.
      unclipped: the update before update-stage clippers, which answer zeros to a NaN:
        the guard looks here.
    """

    gradient: Gradient
    update: tf.Tensor
    after: tf.Tensor
    slots: tuple[tuple[tf.Variable, tf.Tensor], ...]
    factor: tf.Tensor
    unclipped: tf.Tensor

    @property
    def variable(self) -> tf.Variable:
        """The gradient's."""
        return self.gradient.variable

    @property
    def rows(self) -> tf.Tensor | None:
        """The gradient's, [U]."""
        return self.gradient.rows

    @property
    def name(self) -> str:
        """The gradient's."""
        return self.gradient.name

    @property
    def index(self) -> int:
        """The gradient's."""
        return self.gradient.index
