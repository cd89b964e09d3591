"""Adagrad: each coordinate's rate falls with the sum of its squared gradients."""

import dataclasses
from typing import Any

import tensorflow as tf

from ranker.numerics import Number, check_member, check_number, is_zero
from ranker.optim.rules.rule import Direction, Slots


@dataclasses.dataclass(frozen=True, kw_only=True)
class Adagrad:
    """direction = g / sqrt(accumulator + epsilon), accumulator += g^2.

    Attributes:
      initial_accumulator: > 0 in the delayed order, where the first step would else
        divide by sqrt(epsilon); >= 0 in the standard one.
      epsilon: >= 0, in the unit of a squared gradient.
      order: "standard" (accumulate, then step: Duchi et al. and Tang et al.) or
        "delayed" (step, then accumulate: TensorFlow Recommenders). Delayed steps have
        no bound of their own; standard ones are at most the learning rate.
      accumulate: "raw" or "clipped": whether the accumulator sees the whole gradient,
        or the share that update-stage clippers kept. "clipped" needs "delayed".

    Source: Duchi et al. 2011; Tang et al. 2023, arXiv:2302.09178, algorithm 1.
    """

    initial_accumulator: float = 0.1
    epsilon: Number = 1e-7
    order: str = "standard"
    accumulate: str = "raw"

    def __post_init__(self) -> None:
        check_accumulation(self, initial="initial_accumulator")
        check_number(self, "epsilon", least=0)

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


def check_accumulation(rule: Any, *, initial: str) -> None:
    """Raises ValueError unless order, accumulate and the start `initial` go together."""
    check_member(rule, "order", ("standard", "delayed"))
    check_member(rule, "accumulate", ("raw", "clipped"))
    if (rule.order, rule.accumulate) == ("standard", "clipped"):
        raise ValueError(
            f"{type(rule).__name__}: accumulate 'clipped' needs order 'delayed', got 'standard': "
            "how much is clipped is not known before the step"
        )
    check_number(rule, initial, least=0)
    start = getattr(rule, initial)
    if is_zero(rule.epsilon) and not start > 0:
        raise ValueError(
            f"{type(rule).__name__}: {initial} or epsilon must be > 0, got {start} and "
            f"{rule.epsilon}: a gradient of 0 would be divided by 0"
        )
    if rule.order == "delayed":
        check_number(rule, initial, above=0)
