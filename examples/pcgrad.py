"""An aggregation: PCGrad, which takes from each task's gradient what goes against another's.

[objective]
aggregate = "pcgrad"
"""

import tensorflow as tf

from ranker.objective.aggregate import Context, TaskGradients, Transaction, combined, gramian
from ranker.spec.objective import Aggregation
from ranker.spec.part import register


@register("pcgrad", acts=f"{__name__}.PcGradAggregation")
class PcGrad(Aggregation):
    """PCGrad: each task's gradient without what goes against another task's."""


class PcGradAggregation:
    """For each task, in a random order of the others: where its gradient g has a negative inner
    product with another task's h, g becomes g - (g . h / h . h) h; the sum of all is proposed.

    Of the shared variables; what a single task has of its own keeps its gradient. It reports
    "pcgrad/conflicts": how many of the pairs of tasks go against each other, a share.

    Source: Yu et al. 2020, arXiv:2001.06782, algorithm 1.
    """

    def __init__(self, part: PcGrad, context: Context) -> None:
        """Takes the tasks and the seed of the orders; each step draws others."""
        del part
        self._num_tasks = len(context.tasks)
        self._seed = context.seed
        count = tf.Variable(tf.zeros([], tf.int64), trainable=False, name="pcgrad/steps")
        self.variables = {"steps": count}

    def __call__(self, gradients: TaskGradients, transaction: Transaction) -> tuple:
        """Returns the sum of what is left of each task's gradient."""
        each, step = gradients.each(), self.variables["steps"]
        products = tf.cast(gramian(each, gradients.tasks), tf.float32)
        ranks = tf.random.stateless_uniform(
            [self._num_tasks] * 2, tf.stack([tf.cast(self._seed, tf.int64), step])
        )
        weights = projected(products, tf.argsort(ranks, axis=1))
        num_pairs = max(1, self._num_tasks * (self._num_tasks - 1))
        num_conflicts = tf.reduce_sum(tf.cast(products < 0, tf.float32))
        transaction.scalar("pcgrad/conflicts", num_conflicts / num_pairs)
        transaction.write(step, step + 1)
        return gradients.having(combined(each, weights, gradients.tasks))


def projected(products: tf.Tensor, orders: tf.Tensor) -> tf.Tensor:
    """Returns by how much each task's gradient counts in the end, [T].

    Args:
      products: inner products of the tasks' gradients, [T, T].
      orders: of each task, the order in which it meets all of them, [T, T].
    """
    num_tasks = products.shape[0]
    left = tf.eye(num_tasks)  # each task's gradient, as shares of what all of them were
    for turn in range(num_tasks):
        other = orders[:, turn]
        against = tf.reduce_sum(left * tf.gather(products, other), axis=1)  # g . h
        size = tf.gather(tf.linalg.diag_part(products), other)  # h . h
        is_other = other != tf.range(num_tasks)
        # A task without labels has a gradient of 0: nothing goes against it.
        taken = tf.where(is_other & (against < 0), tf.math.divide_no_nan(against, size), 0.0)
        left -= taken[:, tf.newaxis] * tf.one_hot(other, num_tasks)
    return tf.reduce_sum(left, axis=0)
