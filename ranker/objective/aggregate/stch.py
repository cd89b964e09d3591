"""STCH: a smooth maximum of the losses."""

import tensorflow as tf

from ranker.objective.aggregate.aggregation import Transaction
from ranker.objective.aggregate.by_losses import ByLosses, shares


class StchWeights(ByLosses):
    """`ranker.spec.aggregate.Stch`: m log sum exp(L / (n m)) over the n tasks that have labels.

    Source: Lin et al. 2024, arXiv:2402.19078, with equal preferences and the ideal point 0.
    """

    def weights(self, losses: tf.Tensor, active: tf.Tensor, transaction: Transaction) -> tf.Tensor:
        """Returns the weights [T]: the slopes of that."""
        del transaction
        each = tf.math.divide_no_nan(1.0, tf.reduce_sum(active))
        return each * shares(each * losses / self.part.smoothness, active)
