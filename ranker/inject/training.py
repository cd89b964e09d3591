"""Faults of the training: a task's weight, the learning rates, the gradients."""

import dataclasses

import tensorflow as tf

from ranker.inject.injector import Ranged, finite
from ranker.inject.subjects import Subjects, match
from ranker.numerics import Number, check_number


@dataclasses.dataclass(frozen=True, kw_only=True)
class TaskWeight(Ranged):
    """A task's weight in the sum of losses times `factor` (>= 0)."""

    kind = "task_weight"
    task: str
    factor: Number

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "factor", least=0)

    def targets(self, subjects: Subjects) -> tuple[str, ...]:
        """Returns the tasks."""
        return match(self.task, subjects.tasks(), what="task")


@dataclasses.dataclass(frozen=True, kw_only=True)
class RateScale(Ranged):
    """Every learning rate times `factor` (>= 0)."""

    kind = "rate_scale"
    factor: Number

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "factor", least=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShortWarmup(Ranged):
    """The schedules run `factor` (> 0) times as fast: a warm-up of 100 updates takes 100 / factor.

    The n-th update, from 1, has the rate of the (n * factor)-th; a decay runs faster too.
    """

    kind = "short_warmup"
    factor: Number

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "factor", above=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class GradientFault(Ranged):
    """A fault of the gradients of some trained variables."""

    variable: str = "*"

    def targets(self, subjects: Subjects) -> tuple[str, ...]:
        """Returns the variables."""
        return match(self.variable, subjects.variables, what="trained variable")

    def spoil(self, values: tf.Tensor, *, rows: tf.Tensor | None) -> tf.Tensor:
        """Returns what the gradient is instead of `values`.

        Args:
          values: of the variable's shape, or slices [N, ...].
          rows: of the slices [N], may repeat; None if dense.
        """
        del rows
        return values


@dataclasses.dataclass(frozen=True, kw_only=True)
class GradientSpike(GradientFault):
    """The gradients of variables, or of one `row` (place on axis 0) of each, times `factor`."""

    kind = "gradient_spike"
    factor: Number
    row: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        finite(self, "factor")

    def targets(self, subjects: Subjects) -> tuple[str, ...]:
        """Returns the variables; ValueError too if one of them has no such row."""
        names = super().targets(subjects)
        for name in names if self.row is not None else ():
            shape = [int(size or 0) for size in subjects.variables[name].shape]
            if self.row not in range(shape[0] if shape else 0):
                raise ValueError(f"no row {self.row} in {name}, of shape {shape}")
        return names

    def spoil(self, values: tf.Tensor, *, rows: tf.Tensor | None) -> tf.Tensor:
        """Returns `values` times the factor, or with the row's times the factor."""
        spiked = values * tf.cast(self.factor, values.dtype)
        if self.row is None:
            return spiked
        rows = tf.range(tf.shape(values)[0]) if rows is None else rows
        is_row = tf.equal(rows, tf.cast(self.row, rows.dtype))
        return tf.where(tf.reshape(is_row, [-1] + [1] * (values.shape.rank - 1)), spiked, values)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bf16(GradientFault):
    """Gradients rounded to bfloat16: 8 of 24 significant bits; slices as they come.

    A table's slices are then summed; those of a list's values come as their row's sum.
    """

    kind = "bf16"

    def spoil(self, values: tf.Tensor, *, rows: tf.Tensor | None) -> tf.Tensor:
        """Returns `values` rounded to the nearest, ties to even."""
        del rows
        return tf.cast(tf.cast(values, tf.bfloat16), values.dtype)
