"""Adam: momentum over the root of a running second moment, both corrected for their start."""

import dataclasses

import tensorflow as tf

from ranker.numerics import Number, as_dtype, check_number
from ranker.optim.rules.rule import Direction, Slots


@dataclasses.dataclass(frozen=True, kw_only=True)
class Adam:
    """direction = m / (sqrt(v) + epsilon), times sqrt(1 - beta_2^t) / (1 - beta_1^t).

    With a group's weight decay it is AdamW. Rows that a batch does not touch keep their
    moments and stay where they are ("lazy"), where Keras decays and moves every row of a
    table at every step. Its order is always "standard" and it accumulates "raw".

    Attributes:
      beta_1, beta_2: shares of the old moments kept, in [0, 1).
      epsilon: > 0, in the unit of a gradient.

    Source: Kingma and Ba 2015, arXiv:1412.6980, end of section 2 (epsilon outside the
    corrected root, as Keras has it).
    """

    beta_1: Number = 0.9
    beta_2: Number = 0.999
    epsilon: Number = 1e-7
    order: str = dataclasses.field(default="standard", init=False)
    accumulate: str = dataclasses.field(default="raw", init=False)

    def __post_init__(self) -> None:
        check_number(self, "beta_1", least=0, below=1)
        check_number(self, "beta_2", least=0, below=1)
        check_number(self, "epsilon", above=0)

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
