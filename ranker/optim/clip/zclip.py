"""ZClip: a norm far out of the running distribution of norms is brought back into it."""

import dataclasses
from collections.abc import Mapping, Sequence

import tensorflow as tf

from ranker.numerics import (
    Number,
    as_dtype,
    check_number,
    hypotenuse,
    is_positive,
    norm,
    norms,
    share_within,
)
from ranker.optim.clip.clipper import Clippable, Statistics

SMALLEST_DEVIATION = 1e-6  # added to it before dividing


@dataclasses.dataclass(frozen=True, kw_only=True)
class ZClip:
    """Every gradient is scaled by min(1, limit / n), n the norm of all of them together:

        z = (n - mean) / (deviation + 1e-6)
        limit = min(max_norm, mean + max_z * deviation * max_z / z  if z > max_z else n)

    A larger outlier is so clipped harder, at worst to the mean. Then, with x = n, or the
    limit of an outlier, before max_norm:

        mean <- alpha * mean + (1 - alpha) * x
        deviation^2 <- alpha * deviation^2 + (1 - alpha) * (x - mean)^2, with the new mean

    In the first `warmup_steps` only max_norm clips, and the two are those of the norms so far.

    Attributes:
      alpha: share of the old statistics kept, in [0, 1).
      max_z: deviations above the mean that pass, > 0.
      max_norm: in the gradients' unit, > 0: in force throughout.
      warmup_steps: >= 1.
      targets: the group it is taken over and applied to, or "all".

    The paper has no floor under either statistic, and none is here. After norms that fell to
    nothing and were all alike, as those of one row that is repeated, every usual norm is an
    outlier and is held to about the mean, so that both hardly grow again, from a deviation of 0
    not at all.

    Source: Kumar et al. 2025, arXiv:2504.02507. The deviation is kept instead of the variance,
    whose square of a spike would overflow.
    """

    alpha: Number = 0.97
    max_z: Number = 2.5
    max_norm: Number = 1.0
    warmup_steps: Number = 25
    targets: str = "all"
    stage: str = dataclasses.field(default="gradient", init=False)

    def __post_init__(self) -> None:
        check_number(self, "alpha", least=0, below=1)
        check_number(self, "max_z", above=0)
        check_number(self, "max_norm", above=0)
        check_number(self, "warmup_steps", least=1)

    def initial(self, names: Sequence[str]) -> Mapping[str, tf.Tensor]:
        """Returns the statistics of no norms."""
        del names
        return {
            "mean": tf.constant(0.0),
            "deviation": tf.constant(0.0),
            "num_norms": tf.zeros([], tf.int64),
        }

    def clip(
        self, items: Sequence[Clippable], statistics: Statistics
    ) -> tuple[list[tf.Tensor], Statistics]:
        """Returns one share for all: 0 if any gradient is not finite, 1 if all are 0."""
        together = norm(norms([item.values for item in items]))
        mean, deviation = statistics["mean"], statistics["deviation"]
        number = tf.cast(statistics["num_norms"] + 1, together.dtype)
        is_warming = number <= as_dtype(self.warmup_steps, together.dtype)
        z = (together - mean) / (deviation + SMALLEST_DEVIATION)
        outer = mean + self.max_z * deviation * (self.max_z / z)
        seen = tf.where(tf.logical_or(is_warming, z <= self.max_z), together, outer)
        after = self._advance(mean, deviation, seen, tf.where(is_warming, number, 0.0))
        is_told = is_positive(together)
        advanced = {
            "mean": tf.where(is_told, after[0], mean),
            "deviation": tf.where(is_told, after[1], deviation),
            "num_norms": statistics["num_norms"] + tf.cast(is_told, tf.int64),
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
