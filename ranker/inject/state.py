"""Faults of the variables, written once, before the attempt `start` is differentiated."""

import dataclasses

import tensorflow as tf

from ranker.inject.injector import Injector, finite
from ranker.inject.subjects import Subjects, match
from ranker.numerics import Number


@dataclasses.dataclass(frozen=True, kw_only=True)
class StateFault(Injector):
    """A write past the guard: it is the fault, not what training made of it."""

    def write(self, name: str, subjects: Subjects) -> None:
        """Writes the variable or the slot `name`."""
        raise NotImplementedError(f"{type(self).__name__} does not say how to write {name}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class EmbeddingScale(StateFault):
    """A table's values times `factor`; at attempt 0, larger initial embeddings."""

    kind = "embedding_scale"
    table: str
    factor: Number

    def __post_init__(self) -> None:
        super().__post_init__()
        finite(self, "factor")

    def targets(self, subjects: Subjects) -> tuple[str, ...]:
        """Returns the tables."""
        return match(self.table, subjects.tables, what="table")

    def write(self, name: str, subjects: Subjects) -> None:
        """Scales the table `name`."""
        table = subjects.tables[name]
        table.assign(table * tf.cast(self.factor, table.dtype))


@dataclasses.dataclass(frozen=True, kw_only=True)
class OptimizerReset(StateFault):
    """Slots back to the values they started from, as when only a model's weights are loaded.

    The number of updates stays, so schedules go on, and Adam does not warm its means up
    again. What clippers keep stays too.

    Attributes:
      slot: whose, by "<variable>/<slot>".
    """

    kind = "optimizer_reset"
    slot: str = "*"

    def targets(self, subjects: Subjects) -> tuple[str, ...]:
        """Returns the slots."""
        return match(self.slot, subjects.slots, what="slot")

    def write(self, name: str, subjects: Subjects) -> None:
        """Resets the slot `name`."""
        slot, initial = subjects.slots[name]
        slot.assign(tf.fill(slot.shape, tf.cast(initial, slot.dtype)))
