"""Uncertainty weighting."""

import tensorflow as tf

from ranker.objective.aggregate.aggregation import Context, Transaction
from ranker.objective.aggregate.by_losses import ByLosses, descended, remembered
from ranker.spec.aggregate import Uncertainty


class UncertaintyWeights(ByLosses):
    """`ranker.spec.aggregate.Uncertainty`: the sum of exp(-s) L / 2 + s / 2, s trained from 0.

    One form for all losses, that of a regression; s keeps in [-10, 10], and moves only where the
    task has labels.

    Source: Kendall et al. 2018, arXiv:1705.07115, equation 7.
    """

    def __init__(self, part: Uncertainty, context: Context) -> None:
        """Takes the tasks."""
        super().__init__(part, context)
        self.variables = {"log_variances": remembered("uncertainty", self.num_tasks)}

    def weights(self, losses: tf.Tensor, active: tf.Tensor, transaction: Transaction) -> tf.Tensor:
        """Returns the weights [T]."""
        variable = self.variables["log_variances"]
        logs = variable.read_value()
        weights = 0.5 * tf.exp(-logs)
        slopes = active * (0.5 - weights * losses)
        transaction.write(variable, descended(logs, slopes, self.part.learning_rate))
        return weights
