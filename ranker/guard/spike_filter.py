"""Skipping a step whose loss or gradient norm is far above what lately was usual."""

import math
from collections.abc import Sequence

import tensorflow as tf

from ranker.guard.floor import Floor
from ranker.numerics import norm, norms
from ranker.spec.guard import SpikeFilter

LOSS, NORM = "loss", "norm"


class RunningWindow:
    """What was watched in the last accepted attempts, for `ranker.spec.guard.SpikeFilter`.

    Attributes:
      variables: "running_window" float32 [window, S], and "num_entered" int64, all that ever
        entered; the n-th is in row n % window. With a floor "first" float32 [S], the first that
        entered, and those of `Floor`.

    Source: OLMo-core's SkipStepOptimizer (6 sigmas, 128 steps, from 64 on), which lets skipped
    steps into its statistics and has no floor: `floor_windows=0`.
    """

    def __init__(self, spike_filter: SpikeFilter) -> None:
        """Makes the variables."""
        self.spike_filter = spike_filter
        empty = tf.zeros([spike_filter.window, len(spike_filter.watched)])
        self.variables: dict[str, tf.Variable] = {
            "running_window": tf.Variable(empty, trainable=False, name="running_window"),
            "num_entered": tf.Variable(tf.zeros([], tf.int64), trainable=False, name="num_entered"),
        }
        size = len(spike_filter.watched)
        self._floor = Floor(
            size=size, windows=spike_filter.floor_windows, every=spike_filter.window
        )
        if spike_filter.floor_windows:
            first = tf.Variable(tf.zeros([size]), trainable=False, name="first")
            self.variables |= {"first": first, **self._floor.variables}

    def measure(
        self,
        total: tf.Tensor | None,
        gradients: Sequence[tf.Tensor],
        *,
        size: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Returns what is watched of an attempt, float32 [S].

        Args:
          total: the loss, a scalar.
          gradients: [...] each.
          size: in place of their norm, a scalar.

        Raises:
          ValueError: if the loss is watched and `total` is None.
        """
        if total is None and LOSS in self.spike_filter.watched:
            raise ValueError(
                f"SpikeFilter: of is {self.spike_filter.of!r}, but the total loss is not given"
            )
        sizes = {
            LOSS: lambda: total,
            NORM: lambda: norm(norms(gradients)) if size is None else size,
        }
        return tf.stack([tf.cast(sizes[name](), tf.float32) for name in self.spike_filter.watched])

    def limits(self) -> tf.Tensor:
        """Returns the highest usual value of each that is watched, float32 [S]; the largest
        number there is before `minimum` attempts are known."""
        num = self.variables["num_entered"].read_value()
        limits = self._range()
        if "first" in self.variables:
            limits = self._floor.raised(limits, self.variables["first"].read_value())
        return tf.where(num >= self.spike_filter.minimum, limits, tf.float32.max)

    def enter(self, watched: tf.Tensor, *, accept: tf.Tensor) -> None:
        """Lets `watched` [S] in if `accept`, in place of the oldest once the window is full."""
        window, num = self.variables["running_window"], self.variables["num_entered"]
        index = num.read_value() % self.spike_filter.window
        values = tf.where(accept, watched, window[index])
        window.scatter_update(tf.IndexedSlices(values[tf.newaxis], index[tf.newaxis]))
        num.assign_add(tf.cast(accept, tf.int64))
        if "first" in self.variables:
            first, now = self.variables["first"], num.read_value()
            first.assign(tf.where(accept & (now == 1), watched, first.read_value()))
            is_end = accept & (now % self.spike_filter.window == 0)
            tf.cond(is_end, lambda: self._end(now), lambda: tf.constant(False))

    def _range(self) -> tf.Tensor:
        """Returns mean + sigmas * deviation of what is kept, float32 [S]."""
        num = tf.minimum(self.variables["num_entered"].read_value(), self.spike_filter.window)
        # In double precision, where the square of no float32 overflows.
        values = tf.cast(self.variables["running_window"][:num], tf.float64)
        count = tf.cast(num, tf.float64)
        mean = tf.math.divide_no_nan(tf.reduce_sum(values, axis=0), count)
        squares = tf.reduce_sum(tf.square(values - mean), axis=0)
        deviation = tf.sqrt(squares / tf.maximum(count - 1, 1))
        limit = mean + tf.cast(self.spike_filter.sigmas, tf.float64) * deviation
        return tf.minimum(tf.cast(limit, tf.float32), tf.float32.max)

    def _end(self, num: tf.Tensor) -> tf.Tensor:
        """Remembers the range at a window's end, not what the floor made of it: that would
        hold itself up."""
        self._floor.enter(self._range(), num, enters=tf.constant(True), least=-math.inf)
        return tf.constant(True)
