"""AdaGC: each variable's gradient norm is held to its own running norm."""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from ranker.numerics import (
    as_dtype,
    is_positive,
    norm,
    norms,
    share_within,
)
from ranker.optim.clip.clipper import ClipInput, Statistics, gathered, spread
from ranker.spec.clip_by_history import AdaGc

USUAL = "usual_norm"


class AdaGcClipper(AdaGc):
    """`ranker.spec.clip_by_history.AdaGc`.

    `usual` may grow by 1 + (max_ratio - 1) * (1 - beta) a step and no faster, a thousandth at
    the defaults: after a warm-up that was too quiet it takes 2,300 steps to grow tenfold. The
    paper has no floor under it, and none is here: after norms that fell to nothing, too.

    Source: Wang et al. 2025, arXiv:2502.11034. A gradient of 0 is left out of the smallest
    norm, where it would make that 0 for good; pytorch_optimizer counts one warm-up step less.
    """

    def initial(self, names: Sequence[str]) -> Mapping[str, tf.Tensor]:
        """Returns a usual norm of 0, a scalar that stands for none yet, for each variable."""
        usual = {f"{name}/{USUAL}": tf.constant(0.0) for name in names}
        return usual | {"num_steps": tf.zeros([], tf.int64)}

    def clip(
        self, items: Sequence[ClipInput], statistics: Statistics
    ) -> tuple[list[tf.Tensor], Statistics]:
        """Returns each variable's share, a scalar: 0 if its gradient is not finite, in the
        warm-up if any is not; 1 if it is 0."""
        sizes, usual = norms([item.values for item in items]), gathered(statistics, items, USUAL)
        number = tf.cast(statistics["num_steps"], tf.float32)
        is_early = (number < as_dtype(self.warmup_steps, tf.float32)) | (usual == 0)
        alone = share_within(sizes, self.max_ratio * usual)
        shares = tf.where(is_early, share_within(norm(sizes), self.max_norm), alone)
        kept = shares * sizes
        smallest = tf.where(usual == 0, kept, tf.minimum(usual, kept))
        after = tf.where(is_early, smallest, usual + (1 - self.beta) * (kept - usual))
        after = tf.where(is_positive(kept), after, usual)
        advanced = spread(after, items, USUAL) | {"num_steps": statistics["num_steps"] + 1}
        return tf.unstack(shares, len(items)), advanced
