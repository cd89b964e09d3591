"""What a level is never below, in the graph: what it long was.

A level that follows its last window alone falls as far as that window does. One row that is
repeated is fitted at once: the loss goes to 1e-7, the level after it, and every usual value
that follows is a million times the level. So a level is the higher of two: what its window
says, and the median of what it was at the ends of the last windows. A fall is believed once it
has lasted for half of those. Nothing here has a unit.
"""

import math

import tensorflow as tf


class Floor:
    """The levels of S numbers at the ends of their last windows.

    Attributes:
      variables: "ends" float32 [S, windows], -inf where there was none yet; none if `windows`
        is 0.
    """

    def __init__(self, *, size: int, windows: int, every: int) -> None:
        """Makes the variables.

        Args:
          size: how many numbers, S.
          windows: how many are remembered; 0 for no floor at all.
          every: how many entries of a number make a window.
        """
        self._windows, self._every = windows, every
        self.variables: dict[str, tf.Variable] = {}
        if windows:
            ends = tf.fill([size, windows], -math.inf)
            self.variables["ends"] = tf.Variable(ends, trainable=False, name="ends")

    def raised(self, levels: tf.Tensor, start: tf.Tensor) -> tf.Tensor:
        """Returns `levels` [S], at least at the floor; NaN stays NaN.

        Args:
          start: what stands for a window that has not been yet. [S]
        """
        if not self._windows:
            return levels
        ends = self.variables["ends"].read_value()
        ends = tf.where(ends > -math.inf, ends, start[:, tf.newaxis])
        floor = upper_medians(ends, tf.fill([ends.shape[0]], self._windows))
        return tf.where(levels < floor, floor, levels)

    def enter(
        self, levels: tf.Tensor, num: tf.Tensor, *, enters: tf.Tensor, least: tf.Tensor | float
    ) -> None:
        """Remembers the levels of those numbers whose window ends with an entry.

        Args:
          levels: before that entry. [S]
          num: entries with this one, int64, [S] or a scalar.
          enters: whether there is one, likewise.
          least: what is lower, or not finite, is no level: the one that was `windows` before
            stays in its place. [S] or a scalar
        """
        if not self._windows:
            return
        ends = self.variables["ends"]
        is_end = (
            enters
            & (tf.math.floormod(num, self._every) == 0)
            & tf.math.is_finite(levels)
            & (levels >= least)
        )
        index = tf.broadcast_to(
            tf.math.floormod(num // self._every, self._windows), tf.shape(levels)
        )
        columns = tf.range(self._windows, dtype=tf.int64)
        is_new = is_end[:, tf.newaxis] & (columns == index[:, tf.newaxis])
        ends.assign(tf.where(is_new, levels[:, tf.newaxis], ends.read_value()))


def upper_medians(values: tf.Tensor, num: tf.Tensor) -> tf.Tensor:
    """Returns of each row the median, the upper of two, of its `num` values that are not -inf;
    -inf of none. [S, N] and [S] to [S]"""
    upper = tf.math.top_k(values, k=(values.shape[1] or 0) // 2 + 1).values
    index = tf.maximum(num - 1 - num // 2, 0)
    return tf.gather(upper, index, batch_dims=1)
