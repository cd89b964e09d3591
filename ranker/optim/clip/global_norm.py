"""Clipping by one norm over all gradients together."""

import dataclasses
from collections.abc import Sequence

import tensorflow as tf

from ranker.numerics import Number, check_number, norm, norms, share_within
from ranker.optim.clip.clipper import Clippable, Stateless


@dataclasses.dataclass(frozen=True, kw_only=True)
class GlobalNorm(Stateless):
    """Every gradient is scaled by min(1, max_norm / norm), dense ones
    and touched rows of all tables taken together.

    Attributes:
      max_norm: in the gradients' unit, > 0.
      targets: the group it is taken over and applied to, or "all".

    Source: Pascanu et al. 2013, arXiv:1211.5063.
    """

    max_norm: Number
    targets: str = "all"
    stage: str = dataclasses.field(default="gradient", init=False)

    def __post_init__(self) -> None:
        check_number(self, "max_norm", above=0)

    def shares(self, items: Sequence[Clippable]) -> list[tf.Tensor]:
        """Returns the share to keep, one scalar for all; 0 if any gradient is not finite."""
        together = norm(norms([item.values for item in items]))
        return [share_within(together, self.max_norm)] * len(items)
