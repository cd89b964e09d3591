"""A loss: the logarithm of the hyperbolic cosine of a regression's error.

[objective]
regression = {kind = "log_cosh", scale = 0.5}
"""

import math
from typing import ClassVar

import tensorflow as tf

from ranker.schema import Task
from ranker.spec.objective import Loss
from ranker.spec.part import Positive, register


@register("log_cosh")
class LogCosh(Loss):
    """log(cosh(error / scale)) * scale^2: squared near the label, straight further off.

    Attributes:
      scale: where it turns, in label units.
    """

    task_kind: ClassVar = "regression"
    scale: Positive = 1.0

    def each(self, logit: tf.Tensor, label: tf.Tensor) -> tf.Tensor:
        """Returns it for each row, [B]; it overflows nowhere."""
        size = tf.abs(logit - label) / self.scale
        return (size + tf.math.softplus(-2.0 * size) - math.log(2.0)) * self.scale**2

    def of_constant(self, task: Task) -> float:
        """Returns what the squared error would be, an upper bound."""
        return 0.5 * task.standard_deviation**2
