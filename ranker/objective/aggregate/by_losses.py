"""Methods that weigh the tasks by their losses, at the cost of the plain sum."""

import abc
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from ranker.objective.aggregate import telemetry
from ranker.objective.aggregate.aggregation import Context, Gradient, TaskGradients, Transaction

_LARGEST = 10.0  # of a trained logarithm: what is trained without a bound can run away


class ByLosses(abc.ABC):
    """Weights of the tasks from their losses, one backward pass of the weighted sum, heads and all.

    A task without labels in a batch takes no part and weighs 1, as do all where a weight is not
    finite. It tells "task_weight/<task>".
    """

    variables: Mapping[str, tf.Variable] = {}

    def __init__(self, part: Any, context: Context) -> None:
        """Takes a declaration of `ranker.spec.aggregate`, and the tasks."""
        self.part = part
        self.num_tasks = len(context.tasks)
        self.seed = context.seed

    @abc.abstractmethod
    def weights(self, losses: tf.Tensor, active: tf.Tensor, transaction: Transaction) -> tf.Tensor:
        """Returns how much each active task weighs, [T].

        Args:
          losses: of the tasks, unweighted, [T].
          active: 1 for a task that has labels in the batch, else 0, [T].
          transaction: takes what the method remembers.
        """

    def __call__(self, gradients: TaskGradients, transaction: Transaction) -> Sequence[Gradient]:
        """Returns the gradient of the sum by the method's weights."""
        active = tf.cast(gradients.labelled, tf.float32)
        weights = self.weights(gradients.losses, active, transaction)
        is_usable = tf.reduce_all(tf.math.is_finite(weights) | (active == 0))
        weights = tf.where(is_usable & (active > 0), weights, 1.0)
        telemetry.report_weights(gradients.tasks, weights, transaction)
        # What the weights were made of is not differentiated: of f(losses) they are f's slopes.
        return gradients.total(tf.stop_gradient(weights))


def remembered(name: str, num: int) -> tf.Variable:
    """Returns a variable of `num` zeros [T] that no gradient trains."""
    return tf.Variable(tf.zeros([num]), trainable=False, name=name)


def descended(logs: tf.Tensor, slopes: tf.Tensor, rate: float) -> tf.Tensor:
    """Returns trained logarithms [T] a step against `slopes` [T], kept in [-10, 10]."""
    return tf.clip_by_value(logs - rate * slopes, -_LARGEST, _LARGEST)


def shares(logits: tf.Tensor, active: tf.Tensor) -> tf.Tensor:
    """Returns the softmax of `logits` [T] over active tasks, 0 for the others, [T]."""
    return tf.nn.softmax(tf.where(active > 0, logits, logits.dtype.min)) * active
