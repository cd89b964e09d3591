"""Clipping by value: no element of a gradient may exceed a limit."""

from collections.abc import Sequence

import tensorflow as tf

from ranker.numerics import share_within
from ranker.optim.clip.clipper import ClipInput, Stateless
from ranker.spec.clip import Value


class ValueClipper(Value, Stateless):
    """`ranker.spec.clip.Value`."""

    def shares(self, items: Sequence[ClipInput]) -> list[tf.Tensor]:
        """Returns for each element the share to keep, [U, ...]; 0 for NaN and infinity."""
        return [share_within(tf.abs(item.values), self.max_value) for item in items]
