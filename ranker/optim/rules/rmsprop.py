"""RMSprop: each coordinate's rate follows a running mean of its squared gradients."""

import tensorflow as tf

from ranker.numerics import is_zero
from ranker.optim.rules.rule import Direction, Slots
from ranker.spec.rule import RmsProp


class RmsPropRule(RmsProp):
    """`ranker.spec.rule.RmsProp`; rows that a batch does not touch keep their mean and velocity.

    Source: Tieleman and Hinton 2012, lecture 6.5, as Keras has it.
    """

    def initial(self) -> dict[str, float]:
        """Returns each slot's name and the value it starts from."""
        mean = {"mean_square": self.initial_mean_square}
        return mean if is_zero(self.momentum) else mean | {"velocity": 0.0}

    def advance(self, gradient: tf.Tensor, slots: Slots) -> Slots:
        """Returns the mean square after `gradient`, and the velocity if any, [U, ...]."""
        mean = self.rho * slots[0] + (1 - self.rho) * tf.square(gradient)
        scaled = gradient * tf.math.rsqrt(mean + self.epsilon)
        return mean, *(self.momentum * velocity + scaled for velocity in slots[1:])

    def direct(self, gradient: tf.Tensor, slots: Slots, *, step: tf.Tensor) -> Direction:
        """Returns where to go under `slots`, [U, ...]; `step` is not read."""
        del step
        precondition = tf.math.rsqrt(slots[0] + self.epsilon)
        values = slots[1] if slots[1:] else gradient * precondition
        return Direction(values, precondition, mean_square=slots[0])
