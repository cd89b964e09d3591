"""Faults of the labels: wrong ones, absurd ones, none."""

import tensorflow as tf

from ranker.inject.batch import BatchFault, Part
from ranker.inject.injector import chosen
from ranker.inject.subjects import Subjects, match
from ranker.spec import inject


class LabelFlipInjector(inject.LabelFlip, BatchFault):
    """`ranker.spec.inject.LabelFlip`."""

    @property
    def part(self) -> Part:
        """Where in the batch its columns are."""
        return "labels"

    def targets(self, subjects: Subjects) -> tuple[str, ...]:
        """Returns the binary tasks."""
        return match(self.task, subjects.tasks("binary"), what="binary task")

    def corrupt(self, values: tf.Tensor, *, seed: tf.Tensor, unknown: range) -> tf.Tensor:
        """Returns `values` [B] with those chosen flipped."""
        del unknown
        return tf.where(chosen(self.share, tf.shape(values), seed=seed), 1.0 - values, values)


class ExtremeLabelInjector(inject.ExtremeLabel, BatchFault):
    """`ranker.spec.inject.ExtremeLabel`.

    Source: Tang et al. 2023, arXiv:2302.09178, on why rankers diverge: one task's bad
    prediction reaches the others through the layers they share.
    """

    @property
    def part(self) -> Part:
        """Where in the batch its columns are."""
        return "labels"

    def targets(self, subjects: Subjects) -> tuple[str, ...]:
        """Returns the regression tasks."""
        return match(self.task, subjects.tasks("regression"), what="regression task")

    def corrupt(self, values: tf.Tensor, *, seed: tf.Tensor, unknown: range) -> tf.Tensor:
        """Returns `values` [B] with `value` at the rows chosen."""
        del unknown
        is_chosen = chosen(self.share, tf.shape(values), seed=seed)
        return tf.where(is_chosen, tf.cast(self.value, values.dtype), values)


class LabelScaleInjector(inject.LabelScale, BatchFault):
    """`ranker.spec.inject.LabelScale`."""

    @property
    def part(self) -> Part:
        """Where in the batch its columns are."""
        return "labels"

    def targets(self, subjects: Subjects) -> tuple[str, ...]:
        """Returns the regression tasks."""
        return match(self.task, subjects.tasks("regression"), what="regression task")

    def corrupt(self, values: tf.Tensor, *, seed: tf.Tensor, unknown: range) -> tf.Tensor:
        """Returns `values` [B] times the factor."""
        del seed, unknown
        return values * tf.cast(self.factor, values.dtype)


class TaskVanishesInjector(inject.TaskVanishes, BatchFault):
    """`ranker.spec.inject.TaskVanishes`."""

    @property
    def part(self) -> Part:
        """Where in the batch its columns are."""
        return "weights"

    def targets(self, subjects: Subjects) -> tuple[str, ...]:
        """Returns the tasks."""
        return match(self.task, subjects.tasks(), what="task")

    def corrupt(self, values: tf.Tensor, *, seed: tf.Tensor, unknown: range) -> tf.Tensor:
        """Returns weights of 0, [B]: a missing label's."""
        del seed, unknown
        return tf.zeros_like(values)
