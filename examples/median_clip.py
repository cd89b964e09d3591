"""A clipper: no variable's gradient may be many times as long as that of most variables."""

from collections.abc import Sequence

import tensorflow as tf

from ranker.numerics import norms, share_within
from ranker.optim.clip.clipper import ClipInput, Stateless
from ranker.spec.clip import Clip
from ranker.spec.part import Positive, register


@register("median")
class MedianClip(Clip, Stateless):
    """Each variable's gradient kept to a multiple of the median norm of all.

    Attributes:
      max_ratio: of a norm to the median one, no unit.
    """

    max_ratio: Positive = 10.0

    def shares(self, items: Sequence[ClipInput]) -> list[tf.Tensor]:
        """Returns each variable's share, a scalar; 0 if its gradient is not finite."""
        sizes = norms([item.values for item in items])
        return tf.unstack(share_within(sizes, self.max_ratio * tf.sort(sizes)[len(items) // 2]))
