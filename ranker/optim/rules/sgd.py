"""Stochastic gradient descent, with momentum or without."""

import tensorflow as tf

from ranker.numerics import is_zero
from ranker.optim.rules.rule import Direction, Slots
from ranker.spec.rule import Sgd


class SgdRule(Sgd):
    """`ranker.spec.rule.Sgd`; at a constant rate it is what Keras does, but for rows that a batch
    does not touch: they keep their velocity and stay where they are.

    Source: Sutskever et al. 2013, "On the importance of initialization and momentum".
    """

    def initial(self) -> dict[str, float]:
        """Returns each slot's name and the value it starts from."""
        return {} if is_zero(self.momentum) else {"velocity": 0.0}

    def advance(self, gradient: tf.Tensor, slots: Slots) -> Slots:
        """Returns the velocity after `gradient`, [U, ...], if there is one."""
        return tuple(self.momentum * velocity + gradient for velocity in slots)

    def direct(self, gradient: tf.Tensor, slots: Slots, *, step: tf.Tensor) -> Direction:
        """Returns where to go, [U, ...]; `step` is not read."""
        del step
        if not slots:
            return Direction(gradient, None)
        return Direction(gradient + self.momentum * slots[0] if self.nesterov else slots[0], None)
