"""CowClip: a row's gradient may be a share of the row for each example that touched it."""

import dataclasses
from collections.abc import Sequence

import tensorflow as tf

from ranker.numerics import Number, check_number, norm, share_within
from ranker.optim.clip.agc import unit_axes
from ranker.optim.clip.clipper import Clippable, Stateless


@dataclasses.dataclass(frozen=True, kw_only=True)
class CowClip(Stateless):
    """Each touched row's gradient g becomes g * min(1, limit / ||g||) with

        limit = count * max(max_ratio * ||row||, floor)

    where count is how often the batch read the row; of a table only.

    Attributes:
      max_ratio: largest norm of one read's gradient as a share of the row's norm, > 0.
      floor: least limit of one read, in the gradient's unit, > 0, or a row that starts at
        zero stays there. The paper has 1e-5 for Criteo, 1e-3 to 1e-4 for Avazu.
      targets: the group it applies to, of tables alone.

    Source: Zheng et al. 2022, arXiv:2204.06240. Its authors' code has the floor
    max_ratio^2 * sqrt(D) * floor, leaves out tables of width 1, and does not count the slices
    of a sparse gradient.
    """

    max_ratio: Number = 1.0
    floor: Number = 1e-5
    targets: str = "embeddings"
    stage: str = dataclasses.field(default="gradient", init=False)

    def __post_init__(self) -> None:
        check_number(self, "max_ratio", above=0)
        check_number(self, "floor", above=0)

    def shares(self, items: Sequence[Clippable]) -> list[tf.Tensor]:
        """Returns for each row the share to keep: 0 if its gradient is not finite, 1 if 0."""
        return [self._share(item) for item in items]

    def _share(self, item: Clippable) -> tf.Tensor:
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
