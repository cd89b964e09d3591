"""PCGrad: each task's gradient without what goes against another's."""

import tensorflow as tf

from ranker.objective.aggregate.aggregation import Context, Transaction
from ranker.objective.aggregate.by_gramian import ByGramian
from ranker.objective.aggregate.pulls import Pulls
from ranker.spec.aggregate import PcGrad


class PcGradWeights(ByGramian):
    """`ranker.spec.aggregate.PcGrad`: for each task, in a random order of the others: where its
    gradient g has a negative inner product with another's h, g becomes g - (g . h / h . h) h; the
    sum of all is proposed.

    Source: Yu et al. 2020, arXiv:2001.06782, algorithm 1.
    """

    def __init__(self, part: PcGrad, context: Context) -> None:
        """Takes the tasks and the seed of the orders; each step draws others."""
        super().__init__(part, context)
        count = tf.Variable(tf.zeros([], tf.int64), trainable=False, name="pcgrad/steps")
        self.variables = {"steps": count}

    def weights(self, pulls: Pulls, losses: tf.Tensor, transaction: Transaction) -> tf.Tensor:
        """Returns the weights [T], each at least 1."""
        del losses
        drawn = orders(self.seed, self.variables["steps"], self.num_tasks, transaction)
        return projected(pulls.products, drawn)


def orders(
    seed: int | tf.Variable, count: tf.Variable, num: int, transaction: Transaction
) -> tf.Tensor:
    """Returns a random order of all tasks for each, int32 [T, T], and counts the draw, a scalar."""
    step = count.read_value()
    transaction.write(count, step + 1)
    ranks = tf.random.stateless_uniform([num, num], tf.stack([tf.cast(seed, tf.int64), step]))
    return tf.argsort(ranks, axis=1)


def projected(products: tf.Tensor, drawn: tf.Tensor) -> tf.Tensor:
    """Returns by how much each task's gradient counts in the end, [T].

    Args:
      products: inner products of the tasks' gradients, float64 [T, T].
      drawn: of each task, the order in which it meets all of them, [T, T].
    """
    num = drawn.shape[0] or 0
    left = tf.eye(num, dtype=tf.float64)  # each gradient, as shares of what all of them were
    for turn in range(num):
        other = drawn[:, turn]
        against = tf.reduce_sum(left * tf.gather(products, other), axis=1)  # g . h
        size = tf.gather(tf.linalg.diag_part(products), other)  # h . h
        is_other = other != tf.range(num)
        # A task without labels has a gradient of 0: nothing goes against it.
        taken = tf.where(is_other & (against < 0), tf.math.divide_no_nan(against, size), 0.0)
        left -= taken[:, tf.newaxis] * tf.one_hot(other, num, dtype=tf.float64)
    return tf.reduce_sum(left, axis=0)
