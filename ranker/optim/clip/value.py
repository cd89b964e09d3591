"""Clipping by value: no element of a gradient may exceed a limit."""

import dataclasses
from collections.abc import Sequence

import tensorflow as tf

from ranker.numerics import Number, check_number, share_within
from ranker.optim.clip.clipper import Clippable, Stateless


@dataclasses.dataclass(frozen=True, kw_only=True)
class Value(Stateless):
    """Each element g becomes g * min(1, max_value / |g|): the direction is not kept.

    Attributes:
      max_value: of |g|, in the gradient's unit, > 0.
      targets: the group it applies to, or "all".
    """

    max_value: Number
    targets: str = "all"
    stage: str = dataclasses.field(default="gradient", init=False)

    def __post_init__(self) -> None:
        check_number(self, "max_value", above=0)

    def shares(self, items: Sequence[Clippable]) -> list[tf.Tensor]:
        """Returns for each element the share to keep; 0 for NaN and infinity."""
        return [share_within(tf.abs(item.values), self.max_value) for item in items]
