"""What an injector is: a fault, and the attempts at which it is on."""

import dataclasses
import math
from collections.abc import Sequence
from typing import ClassVar

import tensorflow as tf

from ranker.inject.subjects import Subjects
from ranker.numerics import Number, check_number


@dataclasses.dataclass(frozen=True, kw_only=True)
class Injector:
    """A fault; pure, so that being off can mean not being asked at all.

    Attributes:
      kind: what settings and events call it.
      start: the first attempt at which it is on, from 0.
    """

    kind: ClassVar[str] = ""
    start: int | tf.Variable

    def __post_init__(self) -> None:
        check_number(self, "start", least=0)

    @property
    def until(self) -> int | tf.Tensor | tf.Variable:
        """The first attempt at which it is off again."""
        return self.start + 1

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


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ranged(Injector):
    """A fault of all attempts in [start, stop)."""

    stop: int | tf.Variable

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.start, int):
            check_number(self, "stop", above=self.start)

    @property
    def until(self) -> int | tf.Tensor | tf.Variable:
        """The first attempt at which it is off again."""
        return self.stop


def chosen(share: Number, shape: tf.Tensor | Sequence[int], *, seed: tf.Tensor) -> tf.Tensor:
    """Returns bools of `shape`, each True with probability `share`, by `seed` (int [2])."""
    draws = tf.random.stateless_uniform(shape, seed, alg="philox")
    return draws < tf.cast(share, tf.float32)


def check_share(owner: object, name: str) -> None:
    """Raises ValueError unless `owner.name` is in [0, 1]; a tensor passes, as in `check_number`."""
    check_number(owner, name, least=0)
    value = getattr(owner, name)
    if isinstance(value, int | float) and value > 1:
        raise ValueError(f"{type(owner).__name__}: {name} must be <= 1, got {value}")


def finite(owner: object, *names: str) -> None:
    """Raises ValueError unless each `owner.name` is finite; a tensor passes."""
    for name in names:
        check_number(owner, name, above=-math.inf)


def _plain(value: object) -> object:
    return float(value.numpy()) if isinstance(value, tf.Tensor | tf.Variable) else value
