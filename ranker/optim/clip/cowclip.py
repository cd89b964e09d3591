"""CowClip: a row's gradient may be a share of the row for each example that touched it."""

from collections.abc import Sequence

import tensorflow as tf

from ranker.numerics import norm, share_within
from ranker.optim.clip.agc import unit_axes
from ranker.optim.clip.clipper import ClipInput, Stateless
from ranker.spec.clip import CowClip


class CowClipClipper(CowClip, Stateless):
    """`ranker.spec.clip.CowClip`.

    Source: Zheng et al. 2022, arXiv:2204.06240. Its authors' code has the floor
    max_ratio^2 * sqrt(D) * floor, leaves out tables of width 1, and does not count the slices
    of a sparse gradient.
    """

    def shares(self, items: Sequence[ClipInput]) -> list[tf.Tensor]:
        """Returns each row's share, [U, 1, ...]: 0 if its gradient is not finite, 1 if 0."""
        return [self._share(item) for item in items]

    def _share(self, item: ClipInput) -> tf.Tensor:
        if item.counts is None:
            raise ValueError(
                f"CowClip: the gradient of {item.name!r} is not of rows, so there is nothing to "
                "count; it is for tables alone"
            )
        rank = item.values.shape.rank
        axes = unit_axes(item.values.shape, is_table=True)
        counts = tf.reshape(tf.cast(item.counts(), item.values.dtype), [-1, *[1] * (rank - 1)])
        limit = counts * tf.maximum(self.max_ratio * norm(item.before, axes), self.floor)
        return share_within(norm(item.values, axes), limit)
