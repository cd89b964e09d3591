"""Clipping by norm, each variable for itself."""

import dataclasses
from collections.abc import Sequence

import tensorflow as tf

from ranker.numerics import Number, check_number, norms, share_within
from ranker.optim.clip.clipper import Clippable, Stateless


@dataclasses.dataclass(frozen=True, kw_only=True)
class Norm(Stateless):
    """Each variable's gradient g becomes g * min(1, max_norm / ||g||), Euclidean norm.

    Of a table, the norm is that of the rows touched.

    Attributes:
      max_norm: in the gradient's unit, > 0.
      targets: the group it applies to, or "all".

    Source: Pascanu et al. 2013, arXiv:1211.5063; by variable as in Tang et al. 2023 ("GC").
    """

    max_norm: Number
    targets: str = "all"
    stage: str = dataclasses.field(default="gradient", init=False)

    def __post_init__(self) -> None:
        check_number(self, "max_norm", above=0)

    def shares(self, items: Sequence[Clippable]) -> list[tf.Tensor]:
        """Returns for each gradient the share to keep, a scalar; 0 if it is not finite."""
        return tf.unstack(share_within(norms([item.values for item in items]), self.max_norm))
