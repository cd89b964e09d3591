"""DWA: weights by how fast each task's mean loss falls."""

import tensorflow as tf

from ranker.objective.aggregate.aggregation import Context, Transaction
from ranker.objective.aggregate.by_losses import ByLosses, remembered
from ranker.spec.aggregate import Dwa


class DwaWeights(ByLosses):
    """`ranker.spec.aggregate.Dwa`: T softmax(r / temperature), r the mean loss of the last window
    over that of the window before; 1 until both are known.

    A mean is over the accepted attempts in which the task has labels.

    Source: Liu et al. 2019, arXiv:1803.10704, equation 7.
    """

    def __init__(self, part: Dwa, context: Context) -> None:
        """Takes the tasks."""
        super().__init__(part, context)
        count = tf.Variable(tf.zeros([], tf.int64), trainable=False, name="dwa/steps")
        names = ("sums", "counts", "last", "before")
        self.variables = {n: remembered(f"dwa/{n}", self.num_tasks) for n in names}
        self.variables |= {"steps": count}

    def weights(self, losses: tf.Tensor, active: tf.Tensor, transaction: Transaction) -> tf.Tensor:
        """Returns weights [T] that sum to T."""
        known = {name: variable.read_value() for name, variable in self.variables.items()}
        last, before = known["last"], known["before"]
        ratio = tf.where((last > 0) & (before > 0), tf.math.divide_no_nan(last, before), 1.0)
        sums = known["sums"] + tf.math.multiply_no_nan(losses, active)
        counts, step = known["counts"] + active, known["steps"] + 1
        is_over = tf.equal(tf.math.floormod(step, int(self.part.window_attempts)), 0)
        mean = tf.where(counts > 0, tf.math.divide_no_nan(sums, counts), last)
        after = {
            "sums": tf.where(is_over, 0.0, sums),
            "counts": tf.where(is_over, 0.0, counts),
            "last": tf.where(is_over, mean, last),
            "before": tf.where(is_over, last, before),
            "steps": step,
        }
        for name, value in after.items():
            transaction.write(self.variables[name], value)
        return self.num_tasks * tf.nn.softmax(ratio / self.part.temperature)
