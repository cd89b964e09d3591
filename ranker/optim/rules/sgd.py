"""Stochastic gradient descent, with momentum or without."""

import dataclasses

import tensorflow as tf

from ranker.numerics import Number, check_flag, check_number, is_zero
from ranker.optim.rules.rule import Direction, Slots


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sgd:
    """velocity = momentum * velocity + g; direction = velocity, or with Nesterov's
    correction g + momentum * velocity.

    The rate is no part of the velocity, so a schedule acts at once; at a constant rate
    that is what Keras does. Rows that a batch does not touch keep their velocity and stay
    where they are. Its order is always "standard" and it accumulates "raw".

    Attributes:
      momentum: in [0, 1); a Python 0 makes no slot.
      nesterov: needs a momentum.

    Source: Sutskever et al. 2013, "On the importance of initialization and momentum".
    """

    momentum: Number = 0.0
    nesterov: bool = False
    order: str = dataclasses.field(default="standard", init=False)
    accumulate: str = dataclasses.field(default="raw", init=False)

    def __post_init__(self) -> None:
        check_number(self, "momentum", least=0, below=1)
        check_flag(self, "nesterov")
        if self.nesterov and is_zero(self.momentum):
            raise ValueError(f"Sgd: nesterov needs a momentum, got {self.momentum}")

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
