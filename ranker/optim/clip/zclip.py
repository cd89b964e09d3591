"""ZClip: a norm far out of the running distribution of norms is brought back into it."""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from ranker.numerics import (
    as_dtype,
    hypotenuse,
    is_positive,
    norm,
    norms,
    share_within,
)
from ranker.optim.clip.clipper import ClipInput, Statistics
from ranker.spec.clip_by_history import ZClip

SMALLEST_DEVIATION = 1e-6  # added to it before dividing


class ZClipClipper(ZClip):
    """`ranker.spec.clip_by_history.ZClip`.

    The paper has no floor under either statistic, and none is here. After norms that fell to
    nothing and were all alike, as those of one row that is repeated, every usual norm is an
    outlier and is held to about the mean, so that both hardly grow again, from a deviation of 0
    not at all.

    Source: Kumar et al. 2025, arXiv:2504.02507. The deviation is kept instead of the variance,
    whose square of a spike would overflow.
    """

    def initial(self, names: Sequence[str]) -> Mapping[str, tf.Tensor]:
        """Returns the statistics of no norms, scalars."""
        del names
        return {
            "mean": tf.constant(0.0),
            "deviation": tf.constant(0.0),
            "num_norms": tf.zeros([], tf.int64),
        }

    def clip(
        self, items: Sequence[ClipInput], statistics: Statistics
    ) -> tuple[list[tf.Tensor], Statistics]:
        """Returns one share for all, a scalar: 0 if any gradient is not finite, 1 if all are 0."""
        together = norm(norms([item.values for item in items]))
        mean, deviation = statistics["mean"], statistics["deviation"]
        number = tf.cast(statistics["num_norms"] + 1, together.dtype)
        is_warming = number <= as_dtype(self.warmup_steps, together.dtype)
        z = (together - mean) / (deviation + SMALLEST_DEVIATION)
        outer = mean + self.max_z * deviation * (self.max_z / z)
        seen = tf.where(tf.logical_or(is_warming, z <= self.max_z), together, outer)
        after = self._advance(mean, deviation, seen, tf.where(is_warming, number, 0.0))
        is_counted = is_positive(together)
        advanced = {
            "mean": tf.where(is_counted, after[0], mean),
            "deviation": tf.where(is_counted, after[1], deviation),
            "num_norms": statistics["num_norms"] + tf.cast(is_counted, tf.int64),
        }
        share = share_within(together, tf.minimum(seen, self.max_norm))
        return [share] * len(items), advanced

    def _advance(
        self, mean: tf.Tensor, deviation: tf.Tensor, seen: tf.Tensor, number: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns mean and deviation after `seen`: of `number` equal parts, or running for 0."""
        is_equal = number > 0
        part = tf.where(is_equal, tf.math.reciprocal_no_nan(number), 1 - self.alpha)
        off = seen - mean
        # (x - new mean)^2 is (1 - part)^2 off^2. That of equal parts is off^2 (1 - part): they
        # are not weighed anew by a mean that they are part of.
        lag = tf.where(is_equal, part, part * (1 - part))
        spread = hypotenuse(deviation, tf.sqrt(lag) * off)
        return mean + part * off, tf.sqrt(1 - part) * spread
