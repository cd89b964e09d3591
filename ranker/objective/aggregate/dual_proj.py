"""DualProj: the mean gradient projected to where no task loses."""

import tensorflow as tf

from ranker.objective.aggregate.aggregation import Transaction
from ranker.objective.aggregate.by_gramian import ByGramian
from ranker.objective.aggregate.faces import projected
from ranker.objective.aggregate.pulls import Pulls


class DualProjWeights(ByGramian):
    """`ranker.spec.aggregate.DualProj`: argmin over w >= 1 / T of w' G w.

    Source: Lopez-Paz and Ranzato 2017, arXiv:1706.08840 (GEM), of the mean gradient, as Quinton
    and Rey 2024, arXiv:2406.16232, name it.
    """

    def weights(self, pulls: Pulls, losses: tf.Tensor, transaction: Transaction) -> tf.Tensor:
        """Returns the weights [T]."""
        del losses, transaction
        return projected(pulls, pulls.share[tf.newaxis])[0]
