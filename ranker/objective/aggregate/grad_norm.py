"""GradNorm: trained weights that bring the gradients' norms together."""

import tensorflow as tf

from ranker.objective.aggregate.aggregation import Context, Transaction
from ranker.objective.aggregate.by_gramian import ByGramian
from ranker.objective.aggregate.by_losses import descended, remembered
from ranker.objective.aggregate.pulls import Pulls
from ranker.spec.aggregate import GradNorm


class GradNormWeights(ByGramian):
    """`ranker.spec.aggregate.GradNorm`: w = T softmax(s), s trained to make the sum of
    |w_i n_i - mean(w n) r_i^alpha| small, n the norms, r_i = L_i / L_i at first over their mean.

    The norms are counted in the largest, so that `learning_rate` means the same for any; s keeps
    in [-10, 10], and moves only where the task has labels.

    Source: Chen et al. 2018, arXiv:1711.02257, algorithm 1.
    """

    def __init__(self, part: GradNorm, context: Context) -> None:
        """Takes the tasks."""
        super().__init__(part, context)
        names = ("logits", "first_losses")
        self.variables = {n: remembered(f"grad_norm/{n}", self.num_tasks) for n in names}

    def weights(self, pulls: Pulls, losses: tf.Tensor, transaction: Transaction) -> tf.Tensor:
        """Returns weights [T] that sum to T."""
        active, norms = tf.cast(pulls.active, tf.float32), tf.cast(pulls.norms, tf.float32)
        known = {name: variable.read_value() for name, variable in self.variables.items()}
        first = tf.where((known["first_losses"] == 0) & (active > 0), losses, known["first_losses"])
        weights = self.num_tasks * tf.nn.softmax(known["logits"])
        num = tf.reduce_sum(active)
        left = active * tf.math.divide_no_nan(losses, first)
        rate = tf.math.divide_no_nan(left * num, tf.reduce_sum(left))
        mean = tf.math.divide_no_nan(tf.reduce_sum(weights * norms), num)
        pull = active * tf.sign(weights * norms - mean * rate**self.part.alpha) * norms
        slopes = weights * (pull - tf.reduce_sum(pull * weights) / self.num_tasks)
        after = descended(known["logits"], active * slopes, self.part.learning_rate)
        transaction.write(self.variables["logits"], after)
        transaction.write(self.variables["first_losses"], first)
        return tf.cast(weights, tf.float64)
