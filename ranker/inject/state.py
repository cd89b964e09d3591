"""Faults of the variables, written once, before the attempt `start` is differentiated."""

import tensorflow as tf

from ranker.inject.injector import StateFault
from ranker.inject.subjects import Subjects, match
from ranker.spec import inject_training


class EmbeddingScaleInjector(inject_training.EmbeddingScale, StateFault):
    """`ranker.spec.inject_training.EmbeddingScale`."""

    def targets(self, subjects: Subjects) -> tuple[str, ...]:
        """Returns the tables."""
        return match(self.table, subjects.tables, what="table")

    def write(self, name: str, subjects: Subjects) -> None:
        """Scales the table `name`."""
        table = subjects.tables[name]
        table.assign(table * tf.cast(self.factor, table.dtype))


class OptimizerResetInjector(inject_training.OptimizerReset, StateFault):
    """`ranker.spec.inject_training.OptimizerReset`."""

    def targets(self, subjects: Subjects) -> tuple[str, ...]:
        """Returns the slots."""
        return match(self.slot, subjects.slots, what="slot")

    def write(self, name: str, subjects: Subjects) -> None:
        """Resets the slot `name`."""
        slot, initial = subjects.slots[name]
        slot.assign(tf.fill(slot.shape, tf.cast(initial, slot.dtype)))
