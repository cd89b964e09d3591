"""Adagrad: each coordinate's rate falls with the sum of its squared gradients."""

import tensorflow as tf

from ranker.optim.rules.rule import Direction, Slots
from ranker.spec.rule import Adagrad


class AdagradRule(Adagrad):
    """`ranker.spec.rule.Adagrad`.

    Source: Duchi et al. 2011; Tang et al. 2023, arXiv:2302.09178, algorithm 1.
    """

    def initial(self) -> dict[str, float]:
        """Returns each slot's name and the value it starts from."""
        return {"accumulator": self.initial_accumulator}

    def advance(self, gradient: tf.Tensor, slots: Slots) -> Slots:
        """Returns the accumulator after `gradient`, [U, ...]."""
        return (slots[0] + tf.square(gradient),)

    def direct(self, gradient: tf.Tensor, slots: Slots, *, step: tf.Tensor) -> Direction:
        """Returns gradient / sqrt(accumulator + epsilon), [U, ...]; `step` is not read."""
        del step
        precondition = tf.math.rsqrt(slots[0] + self.epsilon)
        return Direction(gradient * precondition, precondition)
