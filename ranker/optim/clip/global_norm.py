"""Clipping by one norm over all gradients together."""

from collections.abc import Sequence

import tensorflow as tf

from ranker.numerics import norm, norms, share_within
from ranker.optim.clip.clipper import ClipInput, Stateless
from ranker.spec.clip import GlobalNorm


class GlobalNormClipper(GlobalNorm, Stateless):
    """`ranker.spec.clip.GlobalNorm`.

    Source: Pascanu et al. 2013, arXiv:1211.5063.
    """

    def shares(self, items: Sequence[ClipInput]) -> list[tf.Tensor]:
        """Returns the share to keep, one scalar for all; 0 if any gradient is not finite."""
        together = norm(norms([item.values for item in items]))
        return [share_within(together, self.max_norm)] * len(items)
