"""Losses of one row: what each is, and what a model that has learned nothing has of it.

A loss of one's own has `each` and `of_constant`, see `PointwiseLoss`.
"""

import math
from typing import Protocol

import tensorflow as tf

from ranker.schema import Task
from ranker.spec.objective import CrossEntropy, Huber, Squared


class PointwiseLoss(Protocol):
    """A loss of each row by itself; its task's is their weighted mean.

    One with a memory has `variables` too, tf.Variables by name, which `each` reads, and
    `remember(logit, label, weight, transaction)`, which is given what `each` was and the rows'
    weights, [B], 0 where a row does not count, and proposes new values by `transaction.write`
    alone: they are written with an accepted step, and never by a refused attempt. What is learned
    of several tasks' losses, as weights that are trained, is an aggregation's.
    """

    def each(self, logit: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
        """Returns the loss of each row, [B], of logits and labels [B]."""
        ...

    def of_constant(self, task: Task) -> float:
        """Returns the loss of the best constant on the training labels, or an upper bound; 0 if
        the schema has no statistics."""
        ...


class CrossEntropyLoss(CrossEntropy):
    """`ranker.spec.objective.CrossEntropy`; a logit's scale is that of the sigmoid."""

    def each(self, logit: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
        """Returns it for each row, [B]."""
        return tf.nn.sigmoid_cross_entropy_with_logits(label, logit)

    def of_constant(self, task: Task) -> float:
        """Returns the entropy of the base rate; 0 where that is 0 or 1."""
        rates = (task.mean, 1.0 - task.mean)
        return -sum(r * math.log(r) for r in rates if 0 < r < 1)


class SquaredLoss(Squared):
    """`ranker.spec.objective.Squared`."""

    def each(self, logit: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
        """Returns it for each row, [B]."""
        return tf.math.squared_difference(logit, label)

    def of_constant(self, task: Task) -> float:
        """Returns the variance of the labels."""
        return _deviation(task) ** 2


class HuberLoss(Huber):
    """`ranker.spec.objective.Huber`.

    Source: Huber 1964, doi:10.1214/aoms/1177703732.
    """

    def each(self, logit: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
        """Returns it for each row, [B]."""
        error = logit - label
        size, delta = tf.abs(error), self.delta
        return tf.where(size <= delta, 0.5 * error * error, delta * (size - 0.5 * delta))

    def of_constant(self, task: Task) -> float:
        """Returns an upper bound, from the labels' standard deviation: the error is concave in
        its square."""
        size, delta = _deviation(task), self.delta
        return 0.5 * size * size if size <= delta else delta * (size - 0.5 * delta)


def _deviation(task: Task) -> float:
    """Returns the labels' standard deviation, 0 where the schema has no statistics."""
    is_unknown = (task.mean, task.standard_deviation) == (0.0, 1.0)
    return 0.0 if is_unknown else abs(task.standard_deviation)
