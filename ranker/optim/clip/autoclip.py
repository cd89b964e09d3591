"""AutoClip: the limit is a percentile of the norms seen so far."""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from ranker.numerics import is_positive, norm, norms, share_within
from ranker.optim.clip.clipper import ClipInput, Statistics
from ranker.spec.clip_by_history import AutoClip


class AutoClipClipper(AutoClip):
    """`ranker.spec.clip_by_history.AutoClip`. The norms kept are those from before clipping.

    The paper has no floor under the limit, and none is here. Norms that fell to nothing lower it
    once they are `percentile` of those kept, and until they have left the window.

    Source: Seetharaman et al. 2020, arXiv:2007.14469. Its authors' TensorFlow code holds each
    tensor's norm, not the total one, to the percentile of total norms, and so clips less; here
    the total is held to it, as in the paper.
    """

    def initial(self, names: Sequence[str]) -> Mapping[str, tf.Tensor]:
        """Returns no norms, [window] and a scalar count."""
        del names
        return {"norms": tf.zeros([self.window]), "num_norms": tf.zeros([], tf.int64)}

    def clip(
        self, items: Sequence[ClipInput], statistics: Statistics
    ) -> tuple[list[tf.Tensor], Statistics]:
        """Returns one share for all, a scalar: 0 if any gradient is not finite, 1 if all are 0."""
        together = norm(norms([item.values for item in items]))
        kept, number = statistics["norms"], statistics["num_norms"]
        is_counted = is_positive(together)
        index = [[tf.math.floormod(number, self.window)]]
        kept = tf.where(is_counted, tf.tensor_scatter_nd_update(kept, index, [together]), kept)
        number += tf.cast(is_counted, tf.int64)
        share = share_within(together, self._limit(kept, tf.minimum(number, self.window)))
        return [share] * len(items), {"norms": kept, "num_norms": number}

    def _limit(self, kept: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
        """Returns the percentile of the `number` norms in `kept`; the rest of it is 0.

        Falling, so that the rest comes last. In float64, since beside a spike a place that
        is off by a rounding error is off by much.
        """
        falling = tf.sort(kept, direction="DESCENDING")
        last = tf.cast(tf.maximum(number - 1, 0), tf.float64)
        position = (100 - tf.cast(self.percentile, tf.float64)) * last / 100
        above = tf.cast(position, tf.int64)
        below = tf.minimum(above + 1, self.window - 1)
        share = tf.cast(position - tf.floor(position), kept.dtype)
        return (1 - share) * tf.gather(falling, above) + share * tf.gather(falling, below)
