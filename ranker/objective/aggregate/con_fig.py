"""ConFIG: the direction at one angle to all gradients."""

import tensorflow as tf

from ranker.objective.aggregate.aggregation import Transaction
from ranker.objective.aggregate.by_gramian import ByGramian
from ranker.objective.aggregate.pulls import Pulls, pseudo_inverse


class ConFigWeights(ByGramian):
    """`ranker.spec.aggregate.ConFig`: along U^+ 1, U the gradients at length 1, as long as the sum
    of what the gradients have along it.

    Source: Liu et al. 2024, arXiv:2408.11104; from the cosines C alone, U^+ 1 = U' C^+ 1.
    """

    def weights(self, pulls: Pulls, losses: tf.Tensor, transaction: Transaction) -> tf.Tensor:
        """Returns the weights [T], NaN if all gradients cancel each other."""
        del losses, transaction
        cosines = pulls.cosines * pulls.active * pulls.active[:, tf.newaxis]
        inverse, _, _ = pseudo_inverse(cosines, 1.0)
        found = tf.linalg.matvec(inverse, pulls.active)
        along = tf.linalg.matvec(cosines, found)
        square = tf.tensordot(found, along, 1)
        length = tf.where(square > 1e-9, tf.tensordot(pulls.norms, along, 1) / square, float("nan"))
        return length * found * pulls.inverse_norms
