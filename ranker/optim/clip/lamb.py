"""LAMB's trust ratio: an update as long as its variable, whatever it was."""

from collections.abc import Sequence

import tensorflow as tf

from ranker.numerics import is_positive, norm
from ranker.optim.clip.agc import unit_axes
from ranker.optim.clip.clipper import ClipInput, Stateless
from ranker.spec.clip import Lamb


class LambClipper(Lamb, Stateless):
    """`ranker.spec.clip.Lamb`. The paper scales no embeddings.

    The rule is the group's: with Adagrad this is the Clippy paper's baseline, with Adam it is
    LAMB.

    Source: You et al. 2020, arXiv:1904.00962, algorithm 2 with phi(x) = x; on Adagrad: Tang et
    al. 2023, arXiv:2302.09178, whose comparison it is part of.
    """

    def shares(self, items: Sequence[ClipInput]) -> list[tf.Tensor]:
        """Returns the scale of each row touched, [U, 1, ...], or variable, [1, ...]; 0 if the
        update or the variable is not finite, `scale` for an update of 0."""
        return [self._share(item) for item in items]

    def _share(self, item: ClipInput) -> tf.Tensor:
        shape = item.values.shape
        axes = unit_axes(shape, is_table=True) if item.is_table else list(range(len(shape)))
        variable, update = norm(item.before, axes), norm(item.values, axes)
        longest = item.values.dtype.max  # the ratio may overflow where the product does not
        ratio = tf.minimum(variable * item.rate / update, longest)
        ratio = tf.where(is_positive(variable) & is_positive(update), ratio, tf.ones_like(ratio))
        is_known = tf.math.is_finite(variable) & tf.math.is_finite(update)
        return tf.where(is_known, tf.minimum(self.scale * ratio, longest), tf.zeros_like(ratio))
