"""GradVac: each task's gradient turned to another's until they are as near as they usually are."""

import tensorflow as tf

from ranker.objective.aggregate.aggregation import Context, Transaction
from ranker.objective.aggregate.by_gramian import ByGramian
from ranker.objective.aggregate.pcgrad import orders
from ranker.objective.aggregate.pulls import Pulls
from ranker.spec.aggregate import GradVac


class GradVacWeights(ByGramian):
    """`ranker.spec.aggregate.GradVac`: as PCGrad, but where the cosine c of g and h is below its
    running mean m, g gets so much of h that it is m:

        g + ||g|| (m sqrt(1 - c^2) - c sqrt(1 - m^2)) / (||h|| sqrt(1 - m^2)) h.

    The mean begins at 0, where that is PCGrad's step, and moves by the cosines that are met.

    Source: Wang et al. 2021, arXiv:2010.05874, algorithm 1 and equation 4.
    """

    def __init__(self, part: GradVac, context: Context) -> None:
        """Takes the tasks and the seed of the orders; each step draws others."""
        super().__init__(part, context)
        count = tf.Variable(tf.zeros([], tf.int64), trainable=False, name="grad_vac/steps")
        means = tf.zeros([self.num_tasks] * 2)
        self.variables = {
            "steps": count,
            "cosines": tf.Variable(means, trainable=False, name="grad_vac/cosines"),
        }

    def weights(self, pulls: Pulls, losses: tf.Tensor, transaction: Transaction) -> tf.Tensor:
        """Returns the weights [T]."""
        del losses
        means = self.variables["cosines"]
        drawn = orders(self.seed, self.variables["steps"], self.num_tasks, transaction)
        left, after = turned(pulls, drawn, tf.cast(means.read_value(), tf.float64), self.part.decay)
        transaction.write(means, tf.cast(after, tf.float32))
        return tf.reduce_sum(left, axis=0)


def turned(
    pulls: Pulls, drawn: tf.Tensor, means: tf.Tensor, decay: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns each task's new gradient as shares of all tasks' [T, T], and the new means [T, T].

    Args:
      drawn: of each task, the order in which it meets all of them, [T, T].
      means: the usual cosine of each task's gradient with each, [T, T].
    """
    num = pulls.num_tasks
    left, after = tf.eye(num, dtype=tf.float64), means
    for turn in range(num):
        other = drawn[:, turn]
        hot = tf.one_hot(other, num, dtype=tf.float64)
        size = tf.sqrt(tf.maximum(tf.reduce_sum(left * tf.matmul(left, pulls.products), 1), 0.0))
        length = tf.gather(pulls.norms, other)
        inner = tf.reduce_sum(left * tf.gather(pulls.products, other), axis=1)
        cosine = tf.clip_by_value(tf.math.divide_no_nan(inner, size * length), -1.0, 1.0)
        mean = tf.reduce_sum(means * hot, axis=1)
        met = (other != tf.range(num)) & (size * length > 0)
        aside = tf.sqrt(tf.maximum(1.0 - mean**2, 1e-12))
        share = size * (mean * tf.sqrt(1.0 - cosine**2) - cosine * aside)
        share = tf.math.divide_no_nan(share, length * aside)
        left += tf.where(met & (cosine < mean), share, 0.0)[:, tf.newaxis] * hot
        moved = tf.where(met, (1.0 - decay) * (cosine - mean), 0.0)
        after += moved[:, tf.newaxis] * hot
    return left, after
