"""GLS: the geometric mean of the losses."""

import tensorflow as tf

from ranker.objective.aggregate.aggregation import Transaction
from ranker.objective.aggregate.by_losses import ByLosses


class GlsWeights(ByLosses):
    """`ranker.spec.aggregate.Gls`: the geometric mean of the losses of tasks that have labels.

    Source: Chennupati et al. 2019, arXiv:1904.08492.
    """

    def weights(self, losses: tf.Tensor, active: tf.Tensor, transaction: Transaction) -> tf.Tensor:
        """Returns the weights [T]: the slopes of the mean."""
        del transaction
        losses, num = tf.where(active > 0, losses, 1.0), tf.reduce_sum(active)
        mean = tf.exp(tf.math.divide_no_nan(tf.reduce_sum(tf.math.log(losses)), num))
        return mean / (num * losses)
