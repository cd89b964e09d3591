"""CAGrad: near the mean gradient, the best step for the task that it helps least."""

import tensorflow as tf

from ranker.objective.aggregate import faces
from ranker.objective.aggregate.aggregation import Transaction
from ranker.objective.aggregate.by_gramian import ByGramian
from ranker.objective.aggregate.pulls import Pulls

_NOTHING = 1e-9  # of the largest gradient: a sum so short has no direction


class CaGradWeights(ByGramian):
    """`ranker.spec.aggregate.CaGrad`: with u = 1 / T and k = radius * ||mean gradient||,

        v = argmin over the simplex of v' G u + k sqrt(v' G v),    w = u + k v / sqrt(v' G v).

    On a subset of tasks the minimum is where G v is a line in v: v goes as G^-1 (n - G u) for the
    n at which (n - G u)' G^-1 (n - G u) = k^2, a quadratic equation.

    Source: Liu et al. 2021, arXiv:2110.14048, without its second scaling by 1 / (1 + radius^2).
    """

    def weights(self, pulls: Pulls, losses: tf.Tensor, transaction: Transaction) -> tf.Tensor:
        """Returns the weights [T]; of gradients that cancel each other those of the mean."""
        del losses, transaction
        share, products = pulls.share, pulls.products
        slopes = tf.linalg.matvec(products, share)
        length = self.part.radius * tf.sqrt(tf.tensordot(share, slopes, 1))
        found = _least(pulls, slopes, length)
        size = tf.sqrt(tf.maximum(tf.tensordot(found, tf.linalg.matvec(products, found), 1), 0.0))
        return share + tf.where(size > _NOTHING, length * found / size, 0.0)


def _least(pulls: Pulls, slopes: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """Returns v [T]; `slopes` [T] is G u, `length` a scalar is k."""
    members = faces.subsets(pulls.num_tasks)[1:]
    inverses, ones = faces.inverses(pulls, members), pulls.inverse_norms
    per_one = tf.linalg.matvec(inverses, ones)
    per_slope = tf.linalg.matvec(inverses, ones * slopes)
    one, both, slope = (
        tf.linalg.matvec(per_one, ones),
        tf.linalg.matvec(per_one, ones * slopes),
        tf.linalg.matvec(per_slope, ones * slopes),
    )
    root = tf.sqrt(tf.maximum(both**2 - one * (slope - length**2), 0.0))
    level = tf.math.divide_no_nan(both + root, one)
    lengths = level[:, tf.newaxis] * per_one - per_slope
    found = faces.simplex(lengths * ones)
    sizes = tf.reduce_sum(found * tf.matmul(found, pulls.products), axis=-1)
    costs = tf.linalg.matvec(found, slopes) + length * tf.sqrt(tf.maximum(sizes, 0.0))
    is_possible = faces.is_positive(lengths) & faces.of_active(pulls, members)
    return faces.best(found, costs, is_possible & (tf.reduce_sum(found, axis=-1) > 0))
