"""Clipping by norm, each variable for itself."""

from collections.abc import Sequence

import tensorflow as tf

from ranker.numerics import norms, share_within
from ranker.optim.clip.clipper import ClipInput, Stateless
from ranker.spec.clip import Norm


class NormClipper(Norm, Stateless):
    """`ranker.spec.clip.Norm`.

    Source: Pascanu et al. 2013, arXiv:1211.5063; by variable as in Tang et al. 2023 ("GC").
    """

    def shares(self, items: Sequence[ClipInput]) -> list[tf.Tensor]:
        """Returns for each gradient the share to keep, a scalar; 0 if it is not finite."""
        return tf.unstack(share_within(norms([item.values for item in items]), self.max_norm))
