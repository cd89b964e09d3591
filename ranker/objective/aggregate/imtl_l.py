"""IMTL-L: trained scales that bring every loss to 1."""

import tensorflow as tf

from ranker.objective.aggregate.aggregation import Context, Transaction
from ranker.objective.aggregate.by_losses import ByLosses, descended, remembered
from ranker.spec.aggregate import ImtlL


class ImtlLWeights(ByLosses):
    """`ranker.spec.aggregate.ImtlL`: the sum of exp(s) L - s, s trained from 0.

    s keeps in [-10, 10], and moves only where the task has labels.

    Source: Liu et al. 2021, "Towards impartial multi-task learning", ICLR.
    """

    def __init__(self, part: ImtlL, context: Context) -> None:
        """Takes the tasks."""
        super().__init__(part, context)
        self.variables = {"log_scales": remembered("imtl_l", self.num_tasks)}

    def weights(self, losses: tf.Tensor, active: tf.Tensor, transaction: Transaction) -> tf.Tensor:
        """Returns the weights [T]."""
        variable = self.variables["log_scales"]
        logs = variable.read_value()
        weights = tf.exp(logs)
        slopes = active * (weights * losses - 1.0)
        transaction.write(variable, descended(logs, slopes, self.part.learning_rate))
        return weights
