"""GradientStabilizer: a gradient's length comes from running moments of its norm."""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from ranker.numerics import Number, as_dtype, hypotenuse, is_positive, norms
from ranker.optim.clip.clipper import ClipInput, Statistics, gathered, spread
from ranker.spec.clip_by_history import GradientStabilizer

MEAN, ROOT, NUMBER = "mean", "root", "num_norms"


class GradientStabilizerClipper(GradientStabilizer):
    """`ranker.spec.clip_by_history.GradientStabilizer`.

    The paper does not correct the moments for their start: its first gradient then has the
    length (1 - gamma_1) / sqrt(1 - gamma_2), 12.6 at the defaults, where ours has 1. A spike is
    not brought under the usual length: however high, it passes at up to 12.6 of it.

    Nothing is compared with the moments, so they need no floor, and the paper has none. After
    norms that fell to nothing the first usual ones are as long as after a spike.

    Source: arXiv:2502.17055.
    """

    def initial(self, names: Sequence[str]) -> Mapping[str, tf.Tensor]:
        """Returns the moments of no norms, scalars for each variable; the root, not the square,
        whose square of a spike would overflow."""
        starts = {MEAN: tf.constant(0.0), ROOT: tf.constant(0.0), NUMBER: tf.constant(0, tf.int64)}
        return {f"{name}/{what}": start for name in names for what, start in starts.items()}

    def clip(
        self, items: Sequence[ClipInput], statistics: Statistics
    ) -> tuple[list[tf.Tensor], Statistics]:
        """Returns each variable's scale, a scalar: 0 if its gradient is not finite, 1 if it
        is 0."""
        sizes = norms([item.values for item in items])
        mean, root, number = (gathered(statistics, items, what) for what in (MEAN, ROOT, NUMBER))
        is_counted = is_positive(sizes)
        number += tf.cast(is_counted, tf.int64)
        part = _part(self.gamma_1, number, sizes.dtype)
        mean = tf.where(is_counted, mean + part * (sizes - mean), mean)
        part = _part(self.gamma_2, number, sizes.dtype)
        new = hypotenuse(tf.sqrt(1 - part) * root, tf.sqrt(part) * sizes)
        root = tf.where(is_counted, new, root)
        scales = tf.where(is_counted, mean / root / sizes, tf.cast(sizes == 0, sizes.dtype))
        advanced = {MEAN: mean, ROOT: root, NUMBER: number}
        named = [spread(values, items, what) for what, values in advanced.items()]
        return tf.unstack(scales, len(items)), {k: v for each in named for k, v in each.items()}


def _part(gamma: Number, number: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    """Returns the part of the `number`-th value in a corrected running mean: 1 of the first."""
    kept = as_dtype(gamma, dtype)
    seen = tf.cast(tf.maximum(number, 1), dtype)
    return tf.minimum(tf.ones_like(kept), (1 - kept) / (1 - tf.pow(kept, seen)))
