"""MGDA: the shortest weighted mean of the tasks' gradients."""

import tensorflow as tf

from ranker.objective.aggregate import faces
from ranker.objective.aggregate.aggregation import Transaction
from ranker.objective.aggregate.by_gramian import ByGramian
from ranker.objective.aggregate.pulls import Pulls, read


class MgdaWeights(ByGramian):
    """`ranker.spec.aggregate.Mgda`: min over the simplex of w' G w, exactly.

    Source: Désidéri 2012, doi:10.1016/j.crma.2012.03.014; Sener and Koltun 2018,
    arXiv:1810.04650, whose divisors these are.
    """

    def weights(self, pulls: Pulls, losses: tf.Tensor, transaction: Transaction) -> tf.Tensor:
        """Returns weights [T] that sum to 1."""
        del transaction
        by, divisors = self.part.divide_by, tf.ones_like(pulls.norms)
        if "norm" in by:
            divisors *= pulls.norms
        if "loss" in by:
            divisors *= tf.cast(losses, tf.float64)
        shares = tf.math.divide_no_nan(pulls.active, divisors)
        pulls = pulls if by == "nothing" else read(shares[:, tf.newaxis] * pulls.products * shares)
        return shortest(pulls)


def shortest(pulls: Pulls) -> tf.Tensor:
    """Returns the weights [T], none below 0 and summing to 1, of the shortest mean."""
    members = faces.subsets(pulls.num_tasks)[1:]
    ones = pulls.inverse_norms  # the sum's slope, in lengths of gradients of norm 1
    lengths = tf.linalg.matvec(faces.inverses(pulls, members), ones)
    weights = faces.simplex(lengths * ones)
    costs = tf.reduce_sum(weights * tf.matmul(weights, pulls.products), axis=-1)
    is_possible = faces.is_positive(lengths) & faces.of_active(pulls, members)
    return faces.best(weights, costs, is_possible)
