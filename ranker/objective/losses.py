"""One loss a task, over the rows that have its label, and their weighted sum."""

import dataclasses
import difflib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from ranker.objective.aggregate.aggregation import Transaction
from ranker.objective.pointwise import PointwiseLoss
from ranker.schema import Task
from ranker.spec.objective import CrossEntropy, Loss, Squared
from ranker.spec.part import act

Array = Any  # a tf.Tensor or an np.ndarray


class TaskLoss(NamedTuple):
    """A task's loss on some rows, before it is divided: sums of several parts of a batch add up.

    Attributes:
      sum: of the losses of the rows that carry the label, each times its weight; a scalar.
      weight: of these rows together, a scalar.
    """

    sum: tf.Tensor
    weight: tf.Tensor

    def mean(self, weight: tf.Tensor | None = None) -> tf.Tensor:
        """Returns the loss of these rows, a scalar, 0 of none.

        Args:
          weight: of all rows of the batch, if these are a part of it.
        """
        return tf.math.divide_no_nan(self.sum, self.weight if weight is None else weight)


class Objective:
    """A loss for each task, by its kind or by its name.

    A task's loss is the mean over the rows that carry its label, each counted by its
    sample weight; a batch without any gives 0 and no gradient.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        *,
        weights: Mapping[str, float] | None = None,
        binary: Loss | PointwiseLoss | None = None,
        regression: Loss | PointwiseLoss | None = None,
        losses: Mapping[str, Loss | PointwiseLoss] | None = None,
        by_phase: Sequence[Mapping[str, float]] = (),
    ) -> None:
        """Takes the tasks and their shares in the sum.

        Args:
          weights: of tasks in the sum; one not named weighs what its schema says.
          by_phase: the same of each phase of the training; () for `weights` throughout.
          binary: loss of the binary tasks; None for cross-entropy.
          regression: loss of the regression tasks; None for the squared error.
          losses: by task, in place of those.

        Raises:
          ValueError: for a weight or a loss of an unknown task, weights that are all 0, or a
            loss of another kind.
        """
        names = [task.name for task in tasks]
        phased = {f"weigh in phases.{n}": each for n, each in enumerate(by_phase)}
        for what, given in {"weigh": weights, "have a loss": losses, **phased}.items():
            for name in given or ():
                if name not in names:
                    raise ValueError(f"no task {name!r} to {what}; {_those_of(names, name)}")
        self.tasks = tuple(names)
        self._schema = tuple(tasks)
        usual = {"binary": binary or CrossEntropy(), "regression": regression or Squared()}
        own: Mapping[str, Loss | PointwiseLoss] = losses or {}
        self._losses = {t.name: _fitting(own.get(t.name) or usual[t.kind], t) for t in tasks}
        self._units = {task.name: _unit(self._losses[task.name], task) for task in tasks}
        usual, *phased = [_shares(tasks, given) for given in (weights or {}, *by_phase)]
        if not any(usual):
            raise ValueError(f"objective.task_weights are 0 for every task, {', '.join(names)}")
        for index, shares in enumerate(phased):
            if not any(shares):
                raise ValueError(
                    f"phases.{index}: task_weights are 0 for every task, {', '.join(names)}"
                )
        self._weights = tf.constant(usual)
        is_one = phased[1:] == phased[:-1]  # of all phases: a constant of the graph, as `weights`
        self._trained = tf.constant((phased[0] if is_one else phased) if phased else usual)

    def __call__(
        self,
        logits: Mapping[str, Array],
        labels: Mapping[str, Array],
        weights: Mapping[str, Array],
        transaction: Transaction | None = None,
    ) -> dict[str, TaskLoss]:
        """Returns the loss of each task, in their order, not divided yet.

        Args:
          transaction: of an attempt, in which losses with a memory propose it; None for none.
          logits, labels, weights: by task, [B]; weight 0 masks a row, one that is not
            finite shows in the loss, and none is below 0. Sums of weights, and of losses
            times them, must keep within float32.
        """
        return {t: self._loss(t, logits[t], labels[t], weights[t], transaction) for t in self.tasks}

    def losses(
        self,
        logits: Mapping[str, Array],
        labels: Mapping[str, Array],
        weights: Mapping[str, Array],
    ) -> tf.Tensor:
        """Returns the loss of each task, [T], in the order of the tasks; as `__call__`."""
        return tf.stack([loss.mean() for loss in self(logits, labels, weights).values()])

    @property
    def variables(self) -> dict[str, tf.Variable]:
        """What losses remember, by "<task>/<name>": {} if none does."""
        own = {task: getattr(loss, "variables", {}) for task, loss in self._losses.items()}
        return {f"{task}/{name}": v for task, named in own.items() for name, v in named.items()}

    def weighted(self, losses: Array, phase: tf.Tensor | None = None) -> tf.Tensor:
        """Returns what each of `losses`, [T] or [N, T], is in the sum: as often as it counts.

        Args:
          phase: of the training, an int32 scalar; None for the weights of evaluations.
        """
        return self._weights_in(phase) * losses

    def constant_losses(self) -> tuple[float, ...]:
        """Returns the loss of each task at its best constant: what a model that has learned
        nothing of the features has.

        The entropy of a binary task's base rate; of a regression, the variance of its labels in
        the loss's unit, or an upper bound of its mean Huber error. 0 where the schema has no
        statistics: a rate of 0 or 1, a mean of 0 and a deviation of 1.
        """
        in_units = (_in_unit(task, self._units[task.name]) for task in self._schema)
        return tuple(self._losses[task.name].of_constant(task) for task in in_units)

    def total(self, losses: tf.Tensor, phase: tf.Tensor | None = None) -> tf.Tensor:
        """Returns the weighted sum of `losses` [T]: the scalar that is differentiated.

        Args:
          phase: as of `weighted`.
        """
        return tf.tensordot(self._weights_in(phase), losses, 1)

    def _weights_in(self, phase: tf.Tensor | None) -> tf.Tensor:
        if phase is None:
            return self._weights
        return self._trained if self._trained.shape.rank == 1 else tf.gather(self._trained, phase)

    def _loss(
        self, task: str, logit: Array, label: Array, weight: Array, transaction: Transaction | None
    ) -> TaskLoss:
        is_counted = tf.not_equal(weight, 0.0)  # so that a weight of NaN shows
        # Both sides of a select are differentiated: a masked NaN must not get that far.
        label = tf.where(is_counted, label, 0.0)
        if (unit := self._units[task]) != 1.0:
            logit, label = logit / unit, label / unit
        loss = self._losses[task]
        each = loss.each(logit, label)
        if transaction is not None and (remember := getattr(loss, "remember", None)):
            remember(logit, label, weight, transaction)
        each = tf.where(is_counted, each * weight, 0.0)
        return TaskLoss(tf.reduce_sum(each), tf.reduce_sum(weight))


def _shares(tasks: Sequence[Task], weights: Mapping[str, float]) -> list[float]:
    return [weights.get(task.name, task.weight) for task in tasks]


def _those_of(names: Sequence[str], wrong: str) -> str:
    near = difflib.get_close_matches(wrong, names, n=1)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    return f"there are: {', '.join(names)}{meant}"


def _unit(loss: PointwiseLoss, task: Task) -> float:
    """Returns the labels' standard deviation for a loss in units of it, else 1."""
    is_scaled = getattr(loss, "unit", "label") == "deviation" and task.standard_deviation > 0
    return task.standard_deviation if is_scaled else 1.0


def _in_unit(task: Task, unit: float) -> Task:
    """Returns a task with the statistics of its labels in `unit`."""
    if unit == 1.0:
        return task
    mean = task.mean / unit or 1.0  # with a mean of 0 it would look like no statistics
    return dataclasses.replace(task, mean=mean, standard_deviation=1.0)


def _fitting(loss: Loss | PointwiseLoss, task: Task) -> PointwiseLoss:
    """Returns what acts as `loss` declares; ValueError if it is none of the task's kind."""
    kind = getattr(loss, "task_kind", task.kind)
    if kind != task.kind:
        raise ValueError(f"losses.{task.name}: {loss} is of {kind} tasks, it is {task.kind}")
    return act(loss)
