"""LAMB's trust ratio: an update as long as its variable, whatever it was."""

import dataclasses
from collections.abc import Sequence

import tensorflow as tf

from ranker.numerics import Number, check_number, is_positive, norm
from ranker.optim.clip.agc import unit_axes
from ranker.optim.clip.clipper import Clippable, Stateless


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lamb(Stateless):
    """Sets the length of an update: of a variable w under a rule's direction r and a rate,

        w -= scale * rate * (||w|| / ||r||) * r

    with Euclidean norms over the variable, or over each row touched of a table; the ratio is
    1 if either norm is 0. It may stretch as well as shrink; the clip factor says 1 then. The
    rule is the group's: with Adagrad this is the Clippy paper's baseline, with Adam it is LAMB.

    Attributes:
      scale: of the learning rate, no unit, > 0: mu in the paper, tried at 0.1, 0.01, 0.001.
      targets: the group it applies to, or "all". The paper scales no embeddings.

    Source: You et al. 2020, arXiv:1904.00962, algorithm 2 with phi(x) = x; on Adagrad: Tang et
    al. 2023, arXiv:2302.09178, whose comparison it is part of.
    """

    scale: Number = 0.01
    targets: str = "dense"
    stage: str = dataclasses.field(default="update", init=False)

    def __post_init__(self) -> None:
        check_number(self, "scale", above=0)

    def shares(self, items: Sequence[Clippable]) -> list[tf.Tensor]:
        """Returns for each update its scale; 0 if the update or the variable is not finite,
        `scale` for an update of 0."""
        return [self._share(item) for item in items]

    def _share(self, item: Clippable) -> tf.Tensor:
        shape = item.values.shape
        axes = unit_axes(shape, is_table=True) if item.is_table else list(range(len(shape)))
        variable, update = norm(item.before, axes), norm(item.values, axes)
        longest = item.values.dtype.max  # the ratio may overflow where the product does not
        ratio = tf.minimum(variable * item.rate / update, longest)
        ratio = tf.where(is_positive(variable) & is_positive(update), ratio, tf.ones_like(ratio))
        is_known = tf.math.is_finite(variable) & tf.math.is_finite(update)
        return tf.where(is_known, tf.minimum(self.scale * ratio, longest), tf.zeros_like(ratio))
