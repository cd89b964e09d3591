"""Faults of the training: a task's weight, the learning rates, the gradients."""

import tensorflow as tf

from ranker.inject.fault_targets import FaultTargets, match
from ranker.inject.injector import GradientFault, LossFault, RateFault, ScheduleFault
from ranker.spec import inject_training


class TaskWeightInjector(inject_training.TaskWeight, LossFault):
    """`ranker.spec.inject_training.TaskWeight`."""

    def targets(self, available: FaultTargets) -> tuple[str, ...]:
        """Returns the tasks."""
        return match(self.task, available.tasks(), what="task")

    def scale(self, losses: tf.Tensor) -> tf.Tensor:
        """Returns the factor, a scalar."""
        return tf.cast(self.factor, losses.dtype)


class RateScaleInjector(inject_training.RateScale, RateFault):
    """`ranker.spec.inject_training.RateScale`."""

    def corrupt(self, rates: tf.Tensor) -> tf.Tensor:
        """Returns `rates` [G] times the factor."""
        return rates * tf.cast(self.factor, rates.dtype)


class ShortWarmupInjector(inject_training.ShortWarmup, ScheduleFault):
    """`ranker.spec.inject_training.ShortWarmup`."""

    def updates(self, updates: tf.Tensor) -> tf.Tensor:
        """Returns `updates`, a scalar, as if each had been as many as the factor says."""
        factor = tf.cast(tf.cast(self.factor, tf.float32), tf.float64)
        return (updates + 1.0) * factor - 1.0


class GradientSpikeInjector(inject_training.GradientSpike, GradientFault):
    """`ranker.spec.inject_training.GradientSpike`."""

    def targets(self, available: FaultTargets) -> tuple[str, ...]:
        """Returns the variables; ValueError too if one of them has no such row."""
        names = super().targets(available)
        for name in names if self.row is not None else ():
            shape = [int(size or 0) for size in available.variables[name].shape]
            if self.row not in range(shape[0] if shape else 0):
                raise ValueError(f"no row {self.row} in {name}, of shape {shape}")
        return names

    def corrupt(self, values: tf.Tensor, *, rows: tf.Tensor | None) -> tf.Tensor:
        """Returns `values` [N, ...] times the factor, or with the row's times the factor."""
        spiked = values * tf.cast(self.factor, values.dtype)
        if self.row is None:
            return spiked
        rows = tf.range(tf.shape(values)[0]) if rows is None else rows
        is_row = tf.equal(rows, tf.cast(self.row, rows.dtype))
        return tf.where(tf.reshape(is_row, [-1] + [1] * (values.shape.rank - 1)), spiked, values)


class Bf16Injector(inject_training.Bf16, GradientFault):
    """`ranker.spec.inject_training.Bf16`."""

    def corrupt(self, values: tf.Tensor, *, rows: tf.Tensor | None) -> tf.Tensor:
        """Returns `values` [N, ...] rounded to the nearest, ties to even."""
        del rows
        return tf.cast(tf.cast(values, tf.bfloat16), values.dtype)
