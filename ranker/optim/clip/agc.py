"""Adaptive gradient clipping: a unit's gradient may be a share of the unit's weights."""

import dataclasses
from collections.abc import Sequence

import tensorflow as tf

from ranker.numerics import Number, check_number, norm, share_within
from ranker.optim.clip.clipper import Clippable, Stateless

SMALLEST_NORM = 1e-6  # of a gradient: what a division by its norm is safe from


@dataclasses.dataclass(frozen=True, kw_only=True)
class Agc(Stateless):
    """Each unit's gradient g becomes g * min(1, max_ratio * max(||w||, epsilon) / ||g||).

    A unit is what feeds one output, by the shape of the variable: one column of a kernel
    [in, out], what has one place on all axes but the first of [in, heads, out], and on the last
    of a convolution [height, width, in, out]; all of a scalar, of a vector, and of what is one
    but for axes of size 1, such as [1, n]. Of a table, each row touched.

    Attributes:
      max_ratio: largest norm of the gradient as a share of the weights', > 0.
      epsilon: least norm of the weights to go by, > 0, or what starts at zero stays there.
      targets: the group it applies to, or "all".

    Source: Brock et al. 2021, arXiv:2102.06171, section 4.1; the units are those of its
    authors' code, which has none for more than four axes: those go as a convolution's do.
    """

    max_ratio: Number = 0.01
    epsilon: Number = 1e-3
    targets: str = "dense"
    stage: str = dataclasses.field(default="gradient", init=False)

    def __post_init__(self) -> None:
        check_number(self, "max_ratio", above=0)
        check_number(self, "epsilon", above=0)

    def shares(self, items: Sequence[Clippable]) -> list[tf.Tensor]:
        """Returns for each unit the share to keep; 0 if its gradient is not finite."""
        return [self._share(item) for item in items]

    def _share(self, item: Clippable) -> tf.Tensor:
        axes = unit_axes(item.values.shape, is_table=item.is_table)
        weights = norm(item.before, axes)
        limit = self.max_ratio * tf.maximum(weights, self.epsilon)
        return share_within(norm(item.values, axes), limit, smallest=SMALLEST_NORM)


def unit_axes(shape: tf.TensorShape, *, is_table: bool) -> list[int]:
    """Returns the axes over which one unit of a variable, or of a table's rows, extends."""
    axes = list(range(len(shape)))
    if is_table:
        return axes[1:]
    longer = [axis for axis in axes if shape[axis] != 1]
    if len(longer) <= 1:
        return longer
    return axes[:1] if len(axes) in (2, 3) else axes[:-1]
