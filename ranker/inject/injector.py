"""What an injector that acts can do beside what `ranker.spec.inject` declares of it."""

import dataclasses
from collections.abc import Sequence

import tensorflow as tf

from ranker.inject.subjects import Subjects
from ranker.numerics import Number
from ranker.spec import inject


class Fault(inject.Injector):
    """A fault; pure, so that being off can mean not being asked at all."""

    def targets(self, subjects: Subjects) -> tuple[str, ...]:
        """Returns the names that it acts on.

        Raises:
          ValueError: if there is none, listing those that there are.
        """
        del subjects
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


def chosen(share: Number, shape: tf.Tensor | Sequence[int], *, seed: tf.Tensor) -> tf.Tensor:
    """Returns bools of `shape`, each True with probability `share`, by `seed` (int [2])."""
    draws = tf.random.stateless_uniform(shape, seed, alg="philox")
    return draws < tf.cast(share, tf.float32)


def _plain(value: object) -> object:
    return float(value.numpy()) if isinstance(value, tf.Tensor | tf.Variable) else value
