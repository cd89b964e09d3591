"""Faults of the batch: columns of features, labels or weights are not what they were."""

import math

import tensorflow as tf

from ranker.inject.fault_targets import FaultTargets, match
from ranker.inject.injector import BatchFault, Part, chosen
from ranker.spec import inject


class NotFiniteInjector(inject.NotFinite, BatchFault):
    """`ranker.spec.inject.NotFinite`.

    Source: facebookresearch/dlrm, issue 363: NaN from the log of a bad number.
    """

    @property
    def part(self) -> Part:
        """Where in the batch its columns are."""
        return "labels" if self.task else "features"

    def targets(self, available: FaultTargets) -> tuple[str, ...]:
        """Returns the numeric features or the tasks."""
        if self.task:
            return match(self.task, available.tasks(), what="task")
        return match(self.feature, available.features("numeric"), what="numeric feature")

    def corrupt(self, values: tf.Tensor, *, seed: tf.Tensor, unknown: range) -> tf.Tensor:
        """Returns `values` [B] with `value` at the rows chosen."""
        del unknown
        bad = tf.constant({"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[self.value])
        return tf.where(chosen(self.share, tf.shape(values), seed=seed), bad, values)
