"""Faults of the variables, written once, before the attempt `start` is differentiated."""

import tensorflow as tf

from ranker.inject.fault_targets import FaultTargets, match
from ranker.inject.injector import StateFault
from ranker.spec import inject_training


class EmbeddingScaleInjector(inject_training.EmbeddingScale, StateFault):
    """`ranker.spec.inject_training.EmbeddingScale`."""

    def targets(self, available: FaultTargets) -> tuple[str, ...]:
        """Returns the tables."""
        return match(self.table, available.tables, what="table")

    def write(self, name: str, available: FaultTargets) -> None:
        """Scales the table `name`."""
        table = available.tables[name]
        table.assign(table * tf.cast(self.factor, table.dtype))


class OptimizerResetInjector(inject_training.OptimizerReset, StateFault):
    """`ranker.spec.inject_training.OptimizerReset`."""

    def targets(self, available: FaultTargets) -> tuple[str, ...]:
        """Returns the slots."""
        return match(self.slot, available.slots, what="slot")

    def write(self, name: str, available: FaultTargets) -> None:
        """Resets the slot `name`."""
        slot, initial = available.slots[name]
        slot.assign(tf.fill(slot.shape, tf.cast(initial, slot.dtype)))
