"""Rates, as Keras 3 has them."""

from typing import Any

import keras
import tensorflow as tf

from ranker import adapt, optim
from ranker.optim.schedules import check_schedule

KerasSchedule: Any = keras.optimizers.schedules.LearningRateSchedule
Rate = Any  # a number, a schedule of Keras or of `ranker.optim`
CODEC = adapt.Codec(keras, "keras")


class Scheduled(KerasSchedule):
    """A schedule of `ranker.optim` where Keras wants one of its own."""

    def __init__(self, schedule: optim.Schedule) -> None:
        self.schedule = schedule

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Returns the rate of the update after `step` others, float32 scalar."""
        return self.schedule(tf.convert_to_tensor(step))

    def get_config(self) -> dict[str, Any]:
        """Returns the schedule, packed."""
        return CODEC.pack(self.schedule)


def make_rate(rate: Rate) -> Any:
    """Returns what an optimizer of Keras takes: a float, or a schedule.

    Raises:
      TypeError: for what is neither a number nor a schedule, as text is.
      ValueError: for a number that is not finite and >= 0.
    """
    if isinstance(rate, KerasSchedule):
        return rate
    if not tf.is_tensor(rate) and callable(rate):
        check_schedule(rate, "learning_rate")
        return Scheduled(rate)
    return adapt.rate_of(rate)


def pack_rate(rate: Any) -> float | dict[str, Any]:
    """Returns the rate that an optimizer holds, a variable or a schedule, as JSON-ready values."""
    if isinstance(rate, Scheduled):
        return rate.get_config()
    is_number = isinstance(rate, keras.Variable)
    return float(rate.numpy()) if is_number else CODEC.pack_schedule(rate)
