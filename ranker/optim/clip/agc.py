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

    A unit is what feeds one output: all axes but the last of a kernel [in, out] or a
    convolution [height, width, in, out]; a vector is one unit; of a table, each row touched.

    Attributes:
      max_ratio: largest norm of the gradient as a share of the weights', > 0.
      epsilon: least norm of the weights to go by, > 0, or what starts at zero stays there.
      targets: the group it applies to, or "all".

    Source: Brock et al. 2021, arXiv:2102.06171, section 4.1.
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
        axes = unit_axes(item.values.shape.rank, is_table=item.is_table)
        weights = norm(item.before, axes)
        limit = self.max_ratio * tf.maximum(weights, self.epsilon)
        return share_within(norm(item.values, axes), limit, smallest=SMALLEST_NORM)


def unit_axes(rank: int, *, is_table: bool) -> list[int]:
    """Returns the axes over which one unit of a variable of `rank` axes extends."""
    if is_table:
        return list(range(1, rank))
    return list(range(max(rank - 1, min(rank, 1))))
