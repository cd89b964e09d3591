"""Adam: momentum over the root of a running second moment, both corrected for their start."""

import tensorflow as tf

from ranker.numerics import as_dtype
from ranker.optim.rules.rule import Direction, Slots
from ranker.spec.rule import Adam


class AdamRule(Adam):
    """`ranker.spec.rule.Adam`; Keras decays the moments of, and moves, every row of a table at
    every step.

    Source: Kingma and Ba 2015, arXiv:1412.6980, end of section 2 (epsilon outside the
    corrected root, as Keras has it).
    """

    def initial(self) -> dict[str, float]:
        """Returns each slot's name and the value it starts from."""
        return {"first_moment": 0.0, "second_moment": 0.0}

    def advance(self, gradient: tf.Tensor, slots: Slots) -> Slots:
        """Returns both moments after `gradient`, [U, ...] each."""
        first, second = slots
        return (
            first + (gradient - first) * (1 - self.beta_1),
            second + (tf.square(gradient) - second) * (1 - self.beta_2),
        )

    def direct(self, gradient: tf.Tensor, slots: Slots, *, step: tf.Tensor) -> Direction:
        """Returns the corrected momentum over the corrected root, [U, ...]."""
        time = tf.cast(step + 1, gradient.dtype)
        known = 1 - tf.pow(as_dtype(self.beta_2, time.dtype), time)
        start = tf.sqrt(known) / (1 - tf.pow(as_dtype(self.beta_1, time.dtype), time))
        values = start * slots[0] / (tf.sqrt(slots[1]) + self.epsilon)
        return Direction(values, None, mean_square=slots[1] / known)
