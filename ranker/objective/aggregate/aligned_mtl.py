"""Aligned-MTL: gradients made orthogonal and of one length."""

import tensorflow as tf

from ranker.objective.aggregate.aggregation import Transaction
from ranker.objective.aggregate.by_gramian import ByGramian
from ranker.objective.aggregate.pulls import Pulls, pseudo_inverse


class AlignedMtlWeights(ByGramian):
    """`ranker.spec.aggregate.AlignedMtl`: w = sqrt(s) G^(-1/2) u, with u = 1 / T and s the least
    eigenvalue of G that counts, or the mean of those.

    Source: Senushkin et al. 2023, arXiv:2305.19000.
    """

    def weights(self, pulls: Pulls, losses: tf.Tensor, transaction: Transaction) -> tf.Tensor:
        """Returns the weights [T]."""
        del losses, transaction
        root, values, is_kept = pseudo_inverse(pulls.products, 0.5)
        if self.part.scale == "min":
            scale = tf.reduce_min(tf.where(is_kept, values, float("inf")))
        else:
            kept = tf.cast(is_kept, tf.float64)
            scale = tf.math.divide_no_nan(tf.reduce_sum(kept * values), tf.reduce_sum(kept))
        return tf.sqrt(scale) * tf.linalg.matvec(root, pulls.share)
