"""What an injector that acts can do beside what `ranker.spec.inject` declares of it.

There is a class for each place of a step where a fault may act, and `Faults` goes by these alone.
"""

import dataclasses
from collections.abc import Sequence
from typing import Literal

import tensorflow as tf

from ranker.inject.fault_targets import FaultTargets, match
from ranker.numerics import Number
from ranker.spec import inject

Part = Literal["features", "labels", "weights"]


class Fault(inject.Injector):
    """A fault; pure, so that being off can mean not being asked at all."""

    def targets(self, available: FaultTargets) -> tuple[str, ...]:
        """Returns the names that it acts on.

        Raises:
          ValueError: if there is none, listing those that there are.
        """
        del available
        return ()

    def is_on(self, attempt: tf.Tensor) -> tf.Tensor:
        """Returns whether it is on at `attempt`, bool scalar."""
        return (attempt >= self.start) & (attempt < self.until)

    def settings(self) -> dict[str, object]:
        """Returns its settings, JSON-ready: what an event says of it beside when."""
        fields = (field.name for field in dataclasses.fields(self))
        values = {name: getattr(self, name) for name in fields if name not in ("start", "stop")}
        return {name: _plain(value) for name, value in values.items()}


class RangedFault(inject.RangedInjector, Fault):
    """A fault of all attempts in [start, stop)."""


class BatchFault(RangedFault):
    """A fault of columns of the batch; its targets name them."""

    @property
    def part(self) -> Part:
        """Where in the batch its columns are."""
        return "features"

    def corrupt(self, values: tf.Tensor, *, seed: tf.Tensor, unknown: range) -> tf.Tensor:
        """Returns what the column has instead of `values` while the fault is on.

        Args:
          values: [B], or [B, L] if multi-valued.
          seed: int64 [2]; differs by run, attempt, injector and column.
          unknown: the rows of the column's table that unknown values get.
        """
        del seed, unknown
        return values


class StateFault(Fault):
    """A write past the guard: it is the fault, not what training made of it."""

    def write(self, name: str, available: FaultTargets) -> None:
        """Writes the variable or the slot `name`."""
        raise NotImplementedError(f"{type(self).__name__} does not say how to write {name}")


class LossFault(RangedFault):
    """A fault of how much the losses of some tasks count; its targets name them."""

    def scale(self, losses: tf.Tensor) -> tf.Tensor:
        """Returns what the losses [T] of its tasks are multiplied by, a scalar of their dtype."""
        return tf.ones([], losses.dtype)


class ScheduleFault(RangedFault):
    """A fault of how far the schedules of the learning rates are."""

    def updates(self, updates: tf.Tensor) -> tf.Tensor:
        """Returns the number that schedules are given instead of `updates`, float64 scalars."""
        return updates


class RateFault(RangedFault):
    """A fault of the learning rates themselves."""

    def corrupt(self, rates: tf.Tensor) -> tf.Tensor:
        """Returns what the rates [G] are instead of `rates`."""
        return rates


class GradientFault(RangedFault):
    """A fault of the gradients of some trained variables."""

    variable: str = "*"

    def targets(self, available: FaultTargets) -> tuple[str, ...]:
        """Returns the variables."""
        return match(self.variable, available.variables, what="trained variable")

    def corrupt(self, values: tf.Tensor, *, rows: tf.Tensor | None) -> tf.Tensor:
        """Returns what the gradient is instead of `values`.

        Args:
          values: of the variable's shape, or slices [N, ...].
          rows: of the slices [N], may repeat; None if dense.
        """
        del rows
        return values


def chosen(share: Number, shape: tf.Tensor | Sequence[int], *, seed: tf.Tensor) -> tf.Tensor:
    """Returns bools of `shape`, each True with probability `share`, by `seed` (int [2])."""
    draws = tf.random.stateless_uniform(shape, seed, alg="philox")
    return draws < tf.cast(share, tf.float32)


def _plain(value: object) -> object:
    return float(value.numpy()) if isinstance(value, tf.Tensor | tf.Variable) else value
