"""FAMO: trained weights by how much each loss fell."""

import tensorflow as tf

from ranker.objective.aggregate.aggregation import Context, Transaction
from ranker.objective.aggregate.by_losses import ByLosses, remembered, shares
from ranker.spec.aggregate import Famo

_TINY = 1e-8  # of a loss, whose logarithm is taken
_FIRST, _SECOND = 0.9, 0.999  # decays of Adam's means, as its authors have them


class FamoWeights(ByLosses):
    """`ranker.spec.aggregate.Famo`: w_i = c z_i / L_i with z the softmax of trained logits and c
    such that they sum to 1. After each accepted step the logits take one of Adam's, against the
    softmax's gradient of how much the logarithm of each loss fell on the same batch.

    Source: Liu et al. 2023, arXiv:2306.03792, algorithm 1, with the least losses 0.
    """

    def __init__(self, part: Famo, context: Context) -> None:
        """Takes the tasks."""
        super().__init__(part, context)
        names = ("logits", "momentum", "square")
        self.variables = {n: remembered(f"famo/{n}", self.num_tasks) for n in names}
        self.variables |= {"steps": tf.Variable(tf.zeros([]), trainable=False, name="famo/steps")}

    def weights(self, losses: tf.Tensor, active: tf.Tensor, transaction: Transaction) -> tf.Tensor:
        """Returns weights [T] that sum to 1."""
        del transaction
        found = shares(self.variables["logits"].read_value(), active) / (losses + _TINY)
        return tf.math.divide_no_nan(found, tf.reduce_sum(found))

    def follow(self, before: tf.Tensor, after: tf.Tensor, transaction: Transaction) -> None:
        """Proposes the logits that follow from an accepted step.

        Args:
          before, after: the tasks' losses [T] on one batch, without the step and with it; 0 for a
            task without labels.
        """
        known = {name: variable.read_value() for name, variable in self.variables.items()}
        active = tf.cast(before > 0, tf.float32)
        fall = active * (tf.math.log(before + _TINY) - tf.math.log(after + _TINY))
        share = shares(known["logits"], active)
        slopes = share * (fall - tf.reduce_sum(share * fall))
        slopes += self.part.weight_decay * known["logits"]
        step = known["steps"] + 1.0
        momentum = _FIRST * known["momentum"] + (1 - _FIRST) * slopes
        square = _SECOND * known["square"] + (1 - _SECOND) * slopes**2
        size = tf.sqrt(square / (1 - _SECOND**step)) + _TINY
        logits = known["logits"] - self.part.learning_rate * momentum / (1 - _FIRST**step) / size
        new = {"logits": logits, "momentum": momentum, "square": square, "steps": step}
        for name, value in new.items():
            transaction.write(self.variables[name], value)
