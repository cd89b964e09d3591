"""Methods that weigh the tasks by the inner products of their gradients."""

import abc
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from ranker.objective.aggregate import telemetry
from ranker.objective.aggregate.aggregation import Context, Gradient, TaskGradients, Transaction
from ranker.objective.aggregate.pulls import Pulls, read


class ByGramian(abc.ABC):
    """One Gramian, weights of the tasks, one backward pass of the weighted sum.

    A method has `weights`. A task without a gradient takes no part and weighs 1, as in the plain
    sum; so do all where nothing can be said: no gradient at all, one that is not finite (which
    the guard then refuses), or no solution. It tells what telemetry does, and "task_weight/<task>".
    """

    variables: Mapping[str, tf.Variable] = {}

    def __init__(self, part: Any, context: Context) -> None:
        """Takes a declaration of `ranker.spec.aggregate`, and the tasks."""
        self.part = part
        self.num_tasks = len(context.tasks)
        self.seed = context.seed

    @abc.abstractmethod
    def weights(self, pulls: Pulls, losses: tf.Tensor, transaction: Transaction) -> tf.Tensor:
        """Returns how much each active task weighs, float64 [T].

        Args:
          losses: of the tasks, unweighted, [T].
          transaction: takes what the method remembers.
        """

    def __call__(self, gradients: TaskGradients, transaction: Transaction) -> Sequence[Gradient]:
        """Returns the gradient of the sum by the method's weights."""
        products = gradients.gramian(self.part.of)
        pulls = read(products)
        weights = safe(self.weights(pulls, gradients.losses, transaction), pulls)
        names = telemetry.scalar_names(gradients.tasks)
        found = telemetry.measured(products, self.num_tasks)
        telemetry.report_measured(names, found, transaction)
        telemetry.report_weights(gradients.tasks, weights, transaction)
        # Weighed gradients may be of one length whatever happens: detectors must not see those.
        transaction.unweighted_norm = tf.cast(tf.sqrt(tf.linalg.trace(products)), tf.float32)
        return gradients.total(weights, keeps_own=self.part.heads == "keep")


def safe(weights: tf.Tensor, pulls: Pulls) -> tf.Tensor:
    """Returns `weights` [T] as float32, 1 for a task that is not active, or all if one is bad."""
    weights = tf.cast(weights, tf.float32)
    is_usable = tf.reduce_all(tf.math.is_finite(weights))
    return tf.where(is_usable & (pulls.active > 0), weights, 1.0)
