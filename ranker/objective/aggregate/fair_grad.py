"""FairGrad: gains shared alpha-fairly."""

import tensorflow as tf

from ranker.objective.aggregate.aggregation import Transaction
from ranker.objective.aggregate.by_gramian import ByGramian
from ranker.objective.aggregate.fair import fair
from ranker.objective.aggregate.pulls import Pulls


class FairGradWeights(ByGramian):
    """`ranker.spec.aggregate.FairGrad`: G w = w^(-1 / alpha), w > 0.

    Source: Ban and Ji 2024, arXiv:2402.15638.
    """

    def weights(self, pulls: Pulls, losses: tf.Tensor, transaction: Transaction) -> tf.Tensor:
        """Returns the weights [T]."""
        del losses, transaction
        return fair(pulls, self.part.alpha)
