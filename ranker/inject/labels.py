"""Faults of the labels: wrong ones, absurd ones, none."""

from typing import ClassVar

import tensorflow as tf

from ranker.inject.fault_targets import FaultTargets, match
from ranker.inject.injector import BatchFault, Part, chosen
from ranker.spec import inject


class _LabelFault(BatchFault):
    """A fault of the labels of tasks of one kind, or of any."""

    task: str
    task_kind: ClassVar[str] = ""

    @property
    def part(self) -> Part:
        """Where in the batch its columns are."""
        return "labels"

    def targets(self, available: FaultTargets) -> tuple[str, ...]:
        """Returns the tasks."""
        what = f"{self.task_kind} task".strip()
        return match(self.task, available.tasks(self.task_kind), what=what)


class LabelFlipInjector(inject.LabelFlip, _LabelFault):
    """`ranker.spec.inject.LabelFlip`."""

    task_kind: ClassVar[str] = "binary"

    def corrupt(self, values: tf.Tensor, *, seed: tf.Tensor, unknown: range) -> tf.Tensor:
        """Returns `values` [B] with those chosen flipped."""
        del unknown
        return tf.where(chosen(self.share, tf.shape(values), seed=seed), 1.0 - values, values)


class ExtremeLabelInjector(inject.ExtremeLabel, _LabelFault):
    """`ranker.spec.inject.ExtremeLabel`.

    Source: Tang et al. 2023, arXiv:2302.09178, on why rankers diverge: one task's bad
    prediction reaches the others through the layers they share.
    """

    task_kind: ClassVar[str] = "regression"

    def corrupt(self, values: tf.Tensor, *, seed: tf.Tensor, unknown: range) -> tf.Tensor:
        """Returns `values` [B] with `value` at the rows chosen."""
        del unknown
        is_chosen = chosen(self.share, tf.shape(values), seed=seed)
        return tf.where(is_chosen, tf.cast(self.value, values.dtype), values)


class LabelScaleInjector(inject.LabelScale, _LabelFault):
    """`ranker.spec.inject.LabelScale`."""

    task_kind: ClassVar[str] = "regression"

    def corrupt(self, values: tf.Tensor, *, seed: tf.Tensor, unknown: range) -> tf.Tensor:
        """Returns `values` [B] times the factor."""
        del seed, unknown
        return values * tf.cast(self.factor, values.dtype)


class TaskVanishesInjector(inject.TaskVanishes, _LabelFault):
    """`ranker.spec.inject.TaskVanishes`."""

    @property
    def part(self) -> Part:
        """Where in the batch its columns are."""
        return "weights"

    def corrupt(self, values: tf.Tensor, *, seed: tf.Tensor, unknown: range) -> tf.Tensor:
        """Returns weights of 0, [B]: a missing label's."""
        del seed, unknown
        return tf.zeros_like(values)
