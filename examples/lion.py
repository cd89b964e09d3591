"""An update rule: Lion (Chen et al. 2023, arXiv:2302.06675), whose every step is the rate.

[optimizer.dense]
rule = "lion"
learning_rate = 0.0003
"""

from typing import ClassVar

import tensorflow as tf

from ranker.optim.rules.rule import Direction, Slots
from ranker.spec.part import Decay, register
from ranker.spec.rule import Order, Rule


@register("lion")
class Lion(Rule):
    """Lion: the sign of a momentum, which takes the gradient in after the step.

    Attributes:
      beta_1: share of the momentum in the direction.
      beta_2: share of the old momentum kept.
    """

    order: ClassVar[Order] = "delayed"
    beta_1: Decay = 0.9
    beta_2: Decay = 0.99

    def initial(self) -> dict[str, float]:
        """Returns each slot's name and the value it starts from."""
        return {"momentum": 0.0}

    def advance(self, gradient: tf.Tensor, slots: Slots) -> Slots:
        """Returns the momentum after `gradient`, [U, ...]."""
        return (self.beta_2 * slots[0] + (1 - self.beta_2) * gradient,)

    def direct(self, gradient: tf.Tensor, slots: Slots, *, step: tf.Tensor) -> Direction:
        """Returns the sign of the mixture, [U, ...]; NaN stays NaN, for the guard to see."""
        del step
        return Direction(tf.sign(self.beta_1 * slots[0] + (1 - self.beta_1) * gradient), None)
