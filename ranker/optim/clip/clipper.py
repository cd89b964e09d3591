"""What a clipper is.

A clipper says which share of each element to keep; the optimizer keeps it. A share is
in [0, 1], so a clipper shrinks and cannot turn, and it does not repair: where a clipper
cannot say what is left of a NaN or an infinity, the share is 0, and the optimizer makes
that zeros by selecting, since 0 * inf is NaN. What such a step was worth is for the guard,
which sees the values from before.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import tensorflow as tf


class Clippable(NamedTuple):
    """What a clipper sees of one variable.

    Attributes:
      name: the variable's, unique in its optimizer.
      group: the name of its group.
      is_table: whether axis 0 is the U rows touched, of a table, not the whole variable.
      before: the variable's values, or its rows', before the step.
      values: gradient or update, by the clipper's stage; of the shape of `before`.
      precondition: what the rule multiplied the gradient by, of the same shape, or None.
    """

    name: str
    group: str
    is_table: bool
    before: tf.Tensor
    values: tf.Tensor
    precondition: tf.Tensor | None = None


class Clipper(Protocol):
    """A pure function of all it applies to; frozen settings, no variables.

    Attributes:
      stage: "gradient" or "update": what it is given.
      targets: the name of the group of variables it applies to, or "all".
    """

    @property
    def stage(self) -> str: ...

    @property
    def targets(self) -> str: ...

    def shares(self, items: Sequence[Clippable]) -> list[tf.Tensor]:
        """Returns for each item the share to keep, in [0, 1], that broadcasts to its values."""
        ...
