"""Faults of the labels: wrong ones, absurd ones, none."""

import dataclasses

import tensorflow as tf

from ranker.inject.batch import BatchFault, Part
from ranker.inject.injector import check_share, chosen, finite
from ranker.inject.subjects import Subjects, match
from ranker.numerics import Number


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelFlip(BatchFault):
    """A share of a binary task's labels says the opposite: y becomes 1 - y."""

    kind = "label_flip"
    task: str
    share: Number

    def __post_init__(self) -> None:
        super().__post_init__()
        check_share(self, "share")

    @property
    def part(self) -> Part:
        """Where in the batch its columns are."""
        return "labels"

    def targets(self, subjects: Subjects) -> tuple[str, ...]:
        """Returns the binary tasks."""
        return match(self.task, subjects.tasks("binary"), what="binary task")

    def spoil(self, values: tf.Tensor, *, seed: tf.Tensor, unknown: range) -> tf.Tensor:
        """Returns `values` with those chosen flipped."""
        del unknown
        return tf.where(chosen(self.share, tf.shape(values), seed=seed), 1.0 - values, values)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExtremeLabel(BatchFault):
    """A share of a regression's labels is `value`: spurious gradients that others share.

    Source: Tang et al. 2023, arXiv:2302.09178, on why rankers diverge: one task's bad
    prediction reaches the others through the layers they share.
    """

    kind = "extreme_label"
    task: str
    value: Number
    share: Number

    def __post_init__(self) -> None:
        super().__post_init__()
        check_share(self, "share")
        finite(self, "value")

    @property
    def part(self) -> Part:
        """Where in the batch its columns are."""
        return "labels"

    def targets(self, subjects: Subjects) -> tuple[str, ...]:
        """Returns the regression tasks."""
        return match(self.task, subjects.tasks("regression"), what="regression task")

    def spoil(self, values: tf.Tensor, *, seed: tf.Tensor, unknown: range) -> tf.Tensor:
        """Returns `values` with `value` at the rows chosen."""
        del unknown
        is_chosen = chosen(self.share, tf.shape(values), seed=seed)
        return tf.where(is_chosen, tf.cast(self.value, values.dtype), values)


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelScale(BatchFault):
    """A regression's labels times `factor`: a unit that changed; several in a row are a drift."""

    kind = "label_scale"
    task: str
    factor: Number

    def __post_init__(self) -> None:
        super().__post_init__()
        finite(self, "factor")

    @property
    def part(self) -> Part:
        """Where in the batch its columns are."""
        return "labels"

    def targets(self, subjects: Subjects) -> tuple[str, ...]:
        """Returns the regression tasks."""
        return match(self.task, subjects.tasks("regression"), what="regression task")

    def spoil(self, values: tf.Tensor, *, seed: tf.Tensor, unknown: range) -> tf.Tensor:
        """Returns `values` times the factor."""
        del seed, unknown
        return values * tf.cast(self.factor, values.dtype)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TaskVanishes(BatchFault):
    """No row has the task's label; a task that appears at N vanishes in [0, N)."""

    kind = "task_vanishes"
    task: str

    @property
    def part(self) -> Part:
        """Where in the batch its columns are."""
        return "weights"

    def targets(self, subjects: Subjects) -> tuple[str, ...]:
        """Returns the tasks."""
        return match(self.task, subjects.tasks(), what="task")

    def spoil(self, values: tf.Tensor, *, seed: tf.Tensor, unknown: range) -> tf.Tensor:
        """Returns weights of 0: a missing label's."""
        del seed, unknown
        return tf.zeros_like(values)
