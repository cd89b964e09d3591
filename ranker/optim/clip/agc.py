"""Adaptive gradient clipping: a unit's gradient may be a share of the unit's weights."""

from collections.abc import Sequence

import tensorflow as tf

from ranker.numerics import norm, share_within
from ranker.optim.clip.clipper import ClipInput, Stateless
from ranker.spec.clip import Agc

SMALLEST_NORM = 1e-6  # of a gradient: what a division by its norm is safe from


class AgcClipper(Agc, Stateless):
    """`ranker.spec.clip.Agc`.

    A unit is what feeds one output, by the shape of the variable: one column of a kernel
    [in, out], what has one index on all axes but the first of [in, heads, out], and on the last
    of a convolution [height, width, in, out]; all of a scalar, of a vector, and of what is one
    but for axes of size 1, such as [1, n]. Of a table, each row touched.

    Source: Brock et al. 2021, arXiv:2102.06171, section 4.1; the units are those of its
    authors' code, which has none for more than four axes: those go as a convolution's do.
    """

    def shares(self, items: Sequence[ClipInput]) -> list[tf.Tensor]:
        """Returns each unit's share to keep, [...] of size 1 on its axes; 0 if its gradient is
        not finite."""
        return [self._share(item) for item in items]

    def _share(self, item: ClipInput) -> tf.Tensor:
        axes = unit_axes(item.values.shape, is_table=item.is_table)
        weights = norm(item.before, axes)
        limit = self.max_ratio * tf.maximum(weights, self.epsilon)
        return share_within(norm(item.values, axes), limit, smallest=SMALLEST_NORM)


def unit_axes(shape: tf.TensorShape, *, is_table: bool) -> list[int]:
    """Returns the axes over which one unit of a variable [...], or of a table's rows, extends."""
    axes = list(range(len(shape)))
    if is_table:
        return axes[1:]
    longer = [axis for axis in axes if shape[axis] != 1]
    if len(longer) <= 1:
        return longer
    return axes[:1] if len(axes) in (2, 3) else axes[:-1]
