"""One loss a task, over the rows that have its label, and their weighted sum."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from ranker.schema import Task

Array = Any  # a tf.Tensor or an np.ndarray

REGRESSION_LOSSES = ("squared", "huber")


class TaskLoss(NamedTuple):
    """A task's loss on some rows, before it is divided: sums of several parts of a batch add up.

    Attributes:
      sum: of the losses of the rows that carry the label, each times its weight; a scalar.
      weight: of these rows together, a scalar.
    """

    sum: tf.Tensor
    weight: tf.Tensor

    def mean(self, weight: tf.Tensor | None = None) -> tf.Tensor:
        """Returns the loss of these rows, 0 of none.

        Args:
          weight: of all rows of the batch, if these are a part of it.
        """
        return tf.math.divide_no_nan(self.sum, self.weight if weight is None else weight)


class Objective:
    """Cross-entropy for binary tasks, squared or Huber error for regressions.

    A task's loss is the mean over the rows that carry its label, each counted by its
    sample weight; a batch without any gives 0 and no gradient.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        *,
        weights: Mapping[str, float] | None = None,
        regression: str = "squared",
        huber_delta: float = 1.0,
    ) -> None:
        """Takes the tasks and their shares in the sum.

        Args:
          weights: of tasks in the sum; a task not named weighs 1.
          regression: "squared" or "huber".
          huber_delta: where Huber's error turns from square to straight, label units.

        Raises:
          ValueError: for a weight of an unknown task, or an unknown regression loss.
        """
        names = [task.name for task in tasks]
        for name in weights or {}:
            if name not in names:
                raise ValueError(f"no task {name!r} to weigh; there are: {', '.join(names)}")
        if regression not in REGRESSION_LOSSES:
            raise ValueError(f"regression loss {regression!r} is none of {REGRESSION_LOSSES}")
        self.tasks = tuple(names)
        self._schema = tuple(tasks)
        self._kinds = {task.name: task.kind for task in tasks}
        self._weights = tf.constant([(weights or {}).get(name, 1.0) for name in names])
        self._regression = regression
        self._huber_delta = huber_delta

    def __call__(
        self,
        logits: Mapping[str, Array],
        labels: Mapping[str, Array],
        weights: Mapping[str, Array],
    ) -> dict[str, TaskLoss]:
        """Returns the loss of each task, in their order, not divided yet.

        Args:
          logits, labels, weights: by task, [B]; weight 0 masks a row, one that is not
            finite shows in the loss, and none is below 0. Sums of weights, and of losses
            times them, must keep within float32.
        """
        return {t: self._loss(t, logits[t], labels[t], weights[t]) for t in self.tasks}

    def losses(
        self,
        logits: Mapping[str, Array],
        labels: Mapping[str, Array],
        weights: Mapping[str, Array],
    ) -> tf.Tensor:
        """Returns the loss of each task, [T], in the order of the tasks; as `__call__`."""
        return tf.stack([loss.mean() for loss in self(logits, labels, weights).values()])

    def weighted(self, losses: Array) -> tf.Tensor:
        """Returns what each of `losses`, [T] or [N, T], is in the sum: as often as it counts."""
        return self._weights * losses

    def constant_losses(self) -> tuple[float, ...]:
        """Returns the loss of each task at its best constant: what a model that has learned
        nothing of the features has.

        The entropy of a binary task's base rate; of a regression, the variance of its labels,
        or an upper bound of its mean Huber error. 0 where the schema has no statistics: a
        rate of 0 or 1, a mean of 0 and a deviation of 1.
        """
        return tuple(self._constant_loss(task) for task in self._schema)

    def _constant_loss(self, task: Task) -> float:
        if task.kind == "binary":
            rates = (task.mean, 1.0 - task.mean)
            return -sum(r * math.log(r) for r in rates if 0 < r < 1)
        if (task.mean, task.standard_deviation) == (0.0, 1.0):
            return 0.0
        size, delta = abs(task.standard_deviation), self._huber_delta
        if self._regression == "squared":
            return size * size
        return 0.5 * size * size if size <= delta else delta * (size - 0.5 * delta)

    def total(self, losses: tf.Tensor) -> tf.Tensor:
        """Returns the weighted sum of `losses` [T]: the scalar that is differentiated."""
        return tf.tensordot(self._weights, losses, 1)

    def _loss(self, task: str, logit: Array, label: Array, weight: Array) -> TaskLoss:
        is_counted = tf.not_equal(weight, 0.0)  # so that a weight of NaN shows
        # Both sides of a select are differentiated: a masked NaN must not get that far.
        label = tf.where(is_counted, label, 0.0)
        if self._kinds[task] == "binary":
            each = tf.nn.sigmoid_cross_entropy_with_logits(label, logit)
        elif self._regression == "squared":
            each = tf.math.squared_difference(logit, label)
        else:
            each = _huber(logit - label, self._huber_delta)
        each = tf.where(is_counted, each * weight, 0.0)
        return TaskLoss(tf.reduce_sum(each), tf.reduce_sum(weight))


def _huber(error: tf.Tensor, delta: float) -> tf.Tensor:
    size = tf.abs(error)
    return tf.where(size <= delta, 0.5 * error * error, delta * (size - 0.5 * delta))
