"""Skipping a step whose loss or gradient norm is far above what lately was usual."""

import dataclasses
from collections.abc import Sequence

import tensorflow as tf

from ranker.numerics import Number, check_member, check_number, norm, norms

LOSS, NORM = "loss", "norm"
WATCHED = {LOSS: (LOSS,), NORM: (NORM,), "both": (LOSS, NORM)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Skip:
    """Refuses an attempt above mean + sigmas * deviation of the last accepted attempts.

    The deviation is that of a sample, with divisor n - 1; it is 0 after attempts that were
    all alike, and then nothing above them is accepted. Refused attempts never enter: a
    single spike, however high, does not widen the range, and after a lasting change of level
    every attempt is refused until the guard halts. Before `minimum` attempts are known, only
    what is not finite is refused.

    Attributes:
      sigmas: how many deviations above the mean are still usual, > 0.
      window: accepted attempts that count, >= `minimum`.
      minimum: accepted attempts before anything is usual, >= 2.
      of: what is watched: the total "loss", the "norm" of all gradients together as
        differentiated, or "both".

    Source: OLMo-core's SkipStepOptimizer (6 sigmas, 128 steps, from 64 on), which lets skipped
    steps into its statistics.
    """

    sigmas: Number = 6.0
    window: int = 128
    minimum: int = 64
    of: str = "both"

    def __post_init__(self) -> None:
        check_number(self, "sigmas", above=0)
        check_number(self, "minimum", least=2)
        check_number(self, "window", least=self.minimum)
        check_member(self, "of", tuple(WATCHED))

    @property
    def watched(self) -> tuple[str, ...]:
        """What is watched, in the order of a verdict's `watched`."""
        return WATCHED[self.of]


class Recent:
    """What was watched in the last accepted attempts.

    Attributes:
      variables: "recent" float32 [window, S], and "num_recent" int64, all that ever
        entered; the n-th is in row n % window.
    """

    def __init__(self, skip: Skip) -> None:
        """Makes the variables."""
        self.skip = skip
        empty = tf.zeros([skip.window, len(skip.watched)])
        self.variables: dict[str, tf.Variable] = {
            "recent": tf.Variable(empty, trainable=False, name="recent"),
            "num_recent": tf.Variable(tf.zeros([], tf.int64), trainable=False, name="num_recent"),
        }

    def measure(self, total: tf.Tensor | None, gradients: Sequence[tf.Tensor]) -> tf.Tensor:
        """Returns what is watched of an attempt, float32 [S].

        Raises:
          ValueError: if the loss is watched and `total` is None.
        """
        if total is None and LOSS in self.skip.watched:
            raise ValueError(f"Skip: of is {self.skip.of!r}, but the total loss is not given")
        sizes = {LOSS: lambda: total, NORM: lambda: norm(norms(gradients))}
        return tf.stack([tf.cast(sizes[name](), tf.float32) for name in self.skip.watched])

    def limits(self) -> tf.Tensor:
        """Returns the highest usual value of each that is watched, float32 [S]; the largest
        number there is before `minimum` attempts are known."""
        num = tf.minimum(self.variables["num_recent"].read_value(), self.skip.window)
        # In double precision, where the square of no float32 overflows.
        values = tf.cast(self.variables["recent"][:num], tf.float64)
        count = tf.cast(num, tf.float64)
        mean = tf.math.divide_no_nan(tf.reduce_sum(values, axis=0), count)
        squares = tf.reduce_sum(tf.square(values - mean), axis=0)
        deviation = tf.sqrt(squares / tf.maximum(count - 1, 1))
        limit = mean + tf.cast(self.skip.sigmas, tf.float64) * deviation
        is_known = num >= self.skip.minimum
        largest = tf.fill(tf.shape(limit), tf.float32.max)
        return tf.where(is_known, tf.minimum(tf.cast(limit, tf.float32), largest), largest)

    def enter(self, watched: tf.Tensor, *, accept: tf.Tensor) -> None:
        """Lets `watched` [S] in if `accept`, in place of the oldest once the window is full."""
        recent, num = self.variables["recent"], self.variables["num_recent"]
        place = num.read_value() % self.skip.window
        values = tf.where(accept, watched, recent[place])
        recent.scatter_update(tf.IndexedSlices(values[tf.newaxis], place[tf.newaxis]))
        num.assign_add(tf.cast(accept, tf.int64))
