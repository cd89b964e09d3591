"""A run's injectors, at the places of a step where they act.

On is a condition in the graph, so that what a fault that is off would touch passes by
untouched, bit for bit; with no injector of a place, nothing is added to the graph there.
What is random depends on the seed, the attempt and the injector's index in the list, so
a run that was killed meets the same faults when it is resumed.
"""

import collections
import copy
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, Self, TypeVar

import tensorflow as tf

from ranker.inject.fault_targets import FaultTargets
from ranker.inject.injector import (
    BatchFault,
    Fault,
    GradientFault,
    LossFault,
    RateFault,
    ScheduleFault,
    StateFault,
)
from ranker.spec.inject import Injector
from ranker.spec.part import act

Gradient = tf.Tensor | tf.IndexedSlices | None


class Batch(Protocol):
    """A batch: a named tuple of `features`, `labels` and `weights`, each columns by name."""

    def _replace(self, **parts: Mapping[str, Any]) -> Self: ...


AnyBatch = TypeVar("AnyBatch", bound=Batch)


class _Placed(NamedTuple):
    """An injector, its index in the list, and the names it acts on."""

    index: int
    injector: Any
    targets: tuple[str, ...]


class Faults:
    """Injects faults at the places of a step; `attempt` is its number, int64 scalar or variable.

    Attributes:
      injectors: those that act as was declared.
    """

    def __init__(
        self,
        injectors: Sequence[Injector],
        available: FaultTargets,
        *,
        seed: int | tf.Tensor | tf.Variable,
    ) -> None:
        """Looks up every name.

        Args:
          injectors: at each place of the step, applied in their order.
          seed: of all that is random.

        Raises:
          ValueError: for an injector that would act on nothing, listing what there is.
        """
        self.injectors: tuple[Fault, ...] = tuple(act(injector) for injector in injectors)
        self._available = available
        self._seed = seed
        self._placed = [
            _targeted(i, injector, available) for i, injector in enumerate(self.injectors)
        ]

    def beside_batch(self) -> Self:
        """Returns those that do not corrupt the batch, for one that has been corrupted before."""
        others = copy.copy(self)
        others._placed = [p for p in self._placed if not isinstance(p.injector, BatchFault)]
        return others

    def write(self, attempt: tf.Tensor | tf.Variable) -> None:
        """Writes the variables and the slots whose faults begin at `attempt`, a scalar."""
        for placed in self._of(StateFault):
            tf.cond(_is_on(placed, attempt), lambda p=placed: self._write(p), _nothing)

    def batch(self, batch: AnyBatch, attempt: tf.Tensor | tf.Variable) -> AnyBatch:
        """Returns `batch` with its columns, [B] or [B, L], corrupted."""
        for placed in self._of(BatchFault):
            part = placed.injector.part
            columns = getattr(batch, part)
            corrupted = {
                name: self._column(placed, name, columns, attempt) for name in placed.targets
            }
            batch = batch._replace(**{part: columns | corrupted})
        return batch

    def losses(self, losses: tf.Tensor, attempt: tf.Tensor | tf.Variable) -> tf.Tensor:
        """Returns the tasks' losses [T] as they are to be summed: some weigh more, or less."""
        for placed in self._of(LossFault):
            scale = placed.injector.scale(losses)
            is_scaled = [task in placed.targets for task in self._available.tasks()]
            # The scale is selected, not the loss: the gradient of a select is the sum of both
            # sides', and that of a side not taken is 0 * factor. Times 1 changes no number.
            losses *= tf.where(_is_on(placed, attempt) & is_scaled, scale, 1.0)
        return losses

    def rates(
        self,
        rates: Callable[[tf.Tensor], tf.Tensor],
        step: tf.Variable,
        attempt: tf.Tensor | tf.Variable,
    ) -> tf.Tensor:
        """Returns the learning rates [G] of this attempt.

        Args:
          rates: from the number of updates to the rates [G].
          step: the number of updates.
        """
        updates = step.read_value()
        for placed in self._of(ScheduleFault):
            updates = tf.cast(updates, tf.float64)  # exact for any number of updates
            other = placed.injector.updates(updates)
            updates = tf.where(_is_on(placed, attempt), other, updates)
        found = rates(updates)
        for placed in self._of(RateFault):
            found = tf.where(_is_on(placed, attempt), placed.injector.corrupt(found), found)
        return found

    def gradients(
        self, gradients: Sequence[Gradient], attempt: tf.Tensor | tf.Variable
    ) -> Sequence[Gradient]:
        """Returns `gradients`, [...] of the trained variables in order, with some corrupted."""
        for placed in self._of(GradientFault):
            is_on, fault = _is_on(placed, attempt), placed.injector
            gradients = [
                _gradient(fault, gradient, is_on) if name in placed.targets else gradient
                for name, gradient in zip(self._available.variables, gradients, strict=True)
            ]
        return gradients

    def begun(self, attempts: Container[int]) -> dict[int, list[dict]]:
        """Returns the events of the faults whose first attempt is in `attempts`, by it.

        In events attempts count from 1: "attempt" is the first, "until" the last.
        """
        events = collections.defaultdict(list)
        for placed in self._placed:
            start = int(placed.injector.start)
            if start in attempts:
                of_attempts = {"attempt": start + 1, "until": int(placed.injector.until)}
                settings = placed.injector.settings()
                events[start].append({"kind": "injected", **_who(placed)} | of_attempts | settings)
        return events

    def ended(self, attempts: Container[int]) -> dict[int, list[dict]]:
        """Returns the events of the faults whose last attempt is in `attempts`, by it."""
        events = collections.defaultdict(list)
        for placed in self._placed:
            last = int(placed.injector.until) - 1
            if last in attempts:
                event = {"kind": "injection_ended", **_who(placed), "attempt": last + 1}
                events[last].append(event)
        return events

    def _of(self, kind: type[Injector]) -> list[_Placed]:
        return [placed for placed in self._placed if isinstance(placed.injector, kind)]

    def _write(self, placed: _Placed) -> tf.Tensor:
        for name in placed.targets:
            placed.injector.write(name, self._available)
        return tf.constant(True)

    def _column(
        self,
        placed: _Placed,
        name: str,
        columns: Mapping[str, tf.Tensor],
        attempt: tf.Tensor | tf.Variable,
    ) -> tf.Tensor:
        values = columns[name]

        def corrupted() -> tf.Tensor:
            seed = self._draw(placed, placed.targets.index(name), attempt)
            unknown = self._available.unknown(name)
            return placed.injector.corrupt(values, seed=seed, unknown=unknown)

        return _either(_is_on(placed, attempt), corrupted, values)

    def _draw(self, placed: _Placed, index: int, attempt: tf.Tensor | tf.Variable) -> tf.Tensor:
        """Returns the seed, int64 [2], of an attempt's draws for the `index`-th target."""
        seed = tf.stack([tf.cast(self._seed, tf.int64), tf.cast(attempt, tf.int64)])
        # Dropout folds non-negative numbers into the same two.
        seed = tf.random.experimental.stateless_fold_in(seed, -1 - placed.index, alg="philox")
        return tf.random.experimental.stateless_fold_in(seed, index, alg="philox")


def _targeted(index: int, injector: Fault, available: FaultTargets) -> _Placed:
    try:
        return _Placed(index, injector, injector.targets(available))
    except ValueError as error:
        raise ValueError(f"inject.{index}: {injector.kind}: {error}") from error


def _is_on(placed: _Placed, attempt: tf.Tensor | tf.Variable) -> tf.Tensor:
    return placed.injector.is_on(tf.convert_to_tensor(attempt))


def _nothing() -> tf.Tensor:
    return tf.constant(False)


def _either(is_on: tf.Tensor, corrupted: Callable[[], tf.Tensor], values: tf.Tensor) -> tf.Tensor:
    """Returns corrupted() if `is_on`, else `values`, bit for bit.

    The shape is said again because TensorFlow multiplies in an order that depends on the
    shapes it knows: without it, the updates made of an untouched gradient differed by a bit.
    """
    return tf.ensure_shape(tf.cond(is_on, corrupted, lambda: values), values.shape)


def _gradient(fault: GradientFault, gradient: Gradient, is_on: tf.Tensor) -> Gradient:
    """Returns `gradient` as `fault` makes it if `is_on`; None stays None."""
    if gradient is None:
        return None
    if not isinstance(gradient, tf.IndexedSlices):
        return _either(is_on, lambda: fault.corrupt(gradient, rows=None), gradient)
    values, rows = gradient.values, gradient.indices
    values = _either(is_on, lambda: fault.corrupt(values, rows=rows), values)
    return tf.IndexedSlices(values, rows, gradient.dense_shape)


def _who(placed: _Placed) -> dict[str, object]:
    return {"injector": placed.injector.kind, "index": placed.index}
