"""IMTL-G: as far along each task's gradient as along any other's."""

import tensorflow as tf

from ranker.objective.aggregate.aggregation import Transaction
from ranker.objective.aggregate.by_gramian import ByGramian
from ranker.objective.aggregate.pulls import Pulls, pseudo_inverse


class ImtlGWeights(ByGramian):
    """`ranker.spec.aggregate.ImtlG`: w = v / sum(v), v = G^+ of the norms.

    Source: Liu et al. 2021, "Towards impartial multi-task learning", ICLR.
    """

    def weights(self, pulls: Pulls, losses: tf.Tensor, transaction: Transaction) -> tf.Tensor:
        """Returns weights [T] that sum to 1, NaN if none do; some may be below 0."""
        del losses, transaction
        inverse, _, _ = pseudo_inverse(pulls.products, 1.0)
        found = tf.linalg.matvec(inverse, pulls.norms)
        total = tf.reduce_sum(found)
        is_usable = tf.abs(total) > 1e-9 * tf.reduce_sum(tf.abs(found))
        return tf.where(is_usable, found / total, float("nan"))
