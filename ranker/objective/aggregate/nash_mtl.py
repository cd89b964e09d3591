"""Nash-MTL: the bargain of the tasks."""

import tensorflow as tf

from ranker.objective.aggregate.aggregation import Transaction
from ranker.objective.aggregate.by_gramian import ByGramian
from ranker.objective.aggregate.fair import fair
from ranker.objective.aggregate.pulls import Pulls


class NashMtlWeights(ByGramian):
    """`ranker.spec.aggregate.NashMtl`: G w = 1 / w, w > 0, so that the step's squared norm is the
    number of tasks; then shortened to `max_norm`.

    Source: Navon et al. 2022, arXiv:2202.01017; solved exactly, where its authors iterate.
    """

    def weights(self, pulls: Pulls, losses: tf.Tensor, transaction: Transaction) -> tf.Tensor:
        """Returns the weights [T]."""
        del losses, transaction
        found = fair(pulls, 1.0)
        if not self.part.max_norm:
            return found
        square = tf.tensordot(found, tf.linalg.matvec(pulls.products, found), 1)
        length = pulls.scale * tf.sqrt(tf.maximum(square, 0.0))
        longest = tf.constant(self.part.max_norm, tf.float64)
        return found * tf.where(length > longest, longest / length, 1.0)
