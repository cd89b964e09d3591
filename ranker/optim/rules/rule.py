"""What an update rule is: pure functions of the rows touched; it holds no variables."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import tensorflow as tf

Slots = tuple[tf.Tensor, ...]


class Direction(NamedTuple):
    """What a rule would subtract for each unit of learning rate.

    Attributes:
      values: of the gradient's shape.
      precondition: what the gradient was multiplied by, of the same shape, or None if
        the rule has no such thing.
      mean_square: the mean of squared gradients that the rule divides by, corrected for its
        start if the rule corrects it, of the same shape; or None if the rule has none.
      scalars: what the rule reports of the step, as "rule/<variable>/<name>".
    """

    values: tf.Tensor
    precondition: tf.Tensor | None
    mean_square: tf.Tensor | None = None
    scalars: Mapping[str, tf.Tensor] = {}


class Rule(Protocol):
    """A rule of the first order with elementwise slots.

    One whose direction says more than its values may have `gives`, as `ranker.spec.rule.Rule`
    says; clippers that need that are then refused where they are given.

    Attributes:
      order: "standard" if slots advance before the direction is taken, "delayed" if
        after.
      accumulate: "raw" if slots advance by the gradient as it came, "clipped" if by
        the share of it that update-stage clippers kept; that needs "delayed".
    """

    @property
    def order(self) -> str: ...

    @property
    def accumulate(self) -> str: ...

    def initial(self) -> Mapping[str, float]:
        """Returns each slot's name and the value it starts from, in order."""
        ...

    def advance(self, gradient: tf.Tensor, slots: Slots) -> Slots:
        """Returns the slots after `gradient`, all [U, ...]."""
        ...

    def direct(self, gradient: tf.Tensor, slots: Slots, *, step: tf.Tensor) -> Direction:
        """Returns the direction under `slots`, all [U, ...].

        Args:
          step: int64 scalar, updates committed before, since the slots last started over.
        """
        ...
