"""An injector: a counter that stands still, as when the job that updates it has died.

[[inject]]
kind = "stuck_feature"
feature = "user_count"
start = 100
stop = 200
"""

import tensorflow as tf

from ranker.inject import BatchFault, FaultTargets
from ranker.inject.fault_targets import match
from ranker.spec.part import register


@register("stuck_feature")
class StuckFeature(BatchFault):
    """Every row of a numeric feature has the value of the batch's first.

    Attributes:
      feature: which; * and ? match several.
    """

    feature: str

    def targets(self, available: FaultTargets) -> tuple[str, ...]:
        """Returns the numeric features."""
        return match(self.feature, available.features("numeric"), what="numeric feature")

    def corrupt(self, values: tf.Tensor, *, seed: tf.Tensor, unknown: range) -> tf.Tensor:
        """Returns the first of `values` [B] in every place."""
        del seed, unknown
        return tf.broadcast_to(values[:1], tf.shape(values))
