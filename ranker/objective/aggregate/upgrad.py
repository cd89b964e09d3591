"""UPGrad: each task's gradient projected to where no task loses."""

import tensorflow as tf

from ranker.objective.aggregate.aggregation import Transaction
from ranker.objective.aggregate.by_gramian import ByGramian
from ranker.objective.aggregate.faces import projected
from ranker.objective.aggregate.pulls import Pulls


class UpGradWeights(ByGramian):
    """`ranker.spec.aggregate.UpGrad`: the mean of the tasks' projected gradients.

    Source: Quinton and Rey 2024, arXiv:2406.16232; without the ridge that its solver adds to G.
    """

    def weights(self, pulls: Pulls, losses: tf.Tensor, transaction: Transaction) -> tf.Tensor:
        """Returns the weights [T]."""
        del losses, transaction
        return tf.reduce_sum(projected(pulls, tf.linalg.diag(pulls.share)), axis=0)
