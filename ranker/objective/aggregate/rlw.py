"""RLW: random weights."""

import tensorflow as tf

from ranker.objective.aggregate.aggregation import Context, Transaction
from ranker.objective.aggregate.by_losses import ByLosses, shares
from ranker.spec.aggregate import Rlw


class RlwWeights(ByLosses):
    """`ranker.spec.aggregate.Rlw`: the softmax of normal draws, by the seed and the step.

    Source: Lin et al. 2022, arXiv:2111.10603.
    """

    def __init__(self, part: Rlw, context: Context) -> None:
        """Takes the tasks and the seed."""
        super().__init__(part, context)
        count = tf.Variable(tf.zeros([], tf.int64), trainable=False, name="rlw/steps")
        self.variables = {"steps": count}

    def weights(self, losses: tf.Tensor, active: tf.Tensor, transaction: Transaction) -> tf.Tensor:
        """Returns weights [T] that sum to 1."""
        del losses
        step = self.variables["steps"].read_value()
        transaction.write(self.variables["steps"], step + 1)
        seed = tf.stack([tf.cast(self.seed, tf.int64), step])
        return shares(tf.random.stateless_normal([self.num_tasks], seed), active)
