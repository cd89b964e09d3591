"""RMSprop: each coordinate's rate follows a running mean of its squared gradients."""

import dataclasses

import tensorflow as tf

from ranker.numerics import Number, check_number, is_zero
from ranker.optim.rules.adagrad import check_accumulation
from ranker.optim.rules.rule import Direction, Slots


@dataclasses.dataclass(frozen=True, kw_only=True)
class RmsProp:
    """direction = g / sqrt(mean_square + epsilon), or its velocity if there is a momentum.

    Rows that a batch does not touch keep their mean and velocity. The rate is no part of
    the velocity, so a schedule acts at once.

    Attributes:
      rho: share of the old mean kept, in [0, 1).
      momentum: in [0, 1); a Python 0 makes no slot; needs the standard order.
      initial_mean_square: > 0 in the delayed order, where the first step would else
        divide by sqrt(epsilon); >= 0 in the standard one.
      epsilon: >= 0, in the unit of a squared gradient.
      order, accumulate: as in `Adagrad`.

    Source: Tieleman and Hinton 2012, lecture 6.5, as Keras has it.
    """

    rho: Number = 0.9
    momentum: Number = 0.0
    initial_mean_square: float = 0.0
    epsilon: Number = 1e-7
    order: str = "standard"
    accumulate: str = "raw"

    def __post_init__(self) -> None:
        check_accumulation(self, initial="initial_mean_square")
        check_number(self, "rho", least=0, below=1)
        check_number(self, "momentum", least=0, below=1)
        if self.order == "delayed" and not is_zero(self.momentum):
            raise ValueError(f"RmsProp: momentum {self.momentum} needs order 'standard'")
        check_number(self, "epsilon", least=0)

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
