"""Rates and configs, as Keras 2 has them."""

from typing import Any

import tensorflow as tf

from ranker import adapt, optim
from ranker.optim.schedules import check_schedule

KerasSchedule = tf.keras.optimizers.schedules.LearningRateSchedule
Rate = float | KerasSchedule | optim.Schedule
CODEC = adapt.Codec(tf.keras, "tf.keras")


class Scheduled(KerasSchedule):
    """A schedule of `ranker.optim` where Keras wants one of its own."""

    def __init__(self, schedule: optim.Schedule) -> None:
        self.schedule = schedule

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Returns the rate of the update after `step` others, float32 scalar."""
        return self.schedule(step)

    def get_config(self) -> dict[str, Any]:
        """Returns the schedule, packed."""
        return CODEC.pack(self.schedule)


def make_rate(rate: Rate) -> tf.Variable | KerasSchedule:
    """Returns a schedule of Keras, or a float32 variable that can be assigned.

    Raises:
      TypeError: for what is neither a number nor a schedule, as text is.
      ValueError: for a number that is not finite and >= 0.
    """
    if isinstance(rate, KerasSchedule):
        return rate
    if not tf.is_tensor(rate) and callable(rate):
        check_schedule(rate, "learning_rate")
        return Scheduled(rate)
    number = adapt.rate_of(rate)
    with tf.init_scope():
        return tf.Variable(tf.constant(number), trainable=False, name="learning_rate")


def pack_rate(rate: tf.Variable | KerasSchedule) -> float | dict[str, Any]:
    """Returns a rate of `make_rate` as JSON-ready values."""
    if isinstance(rate, Scheduled):
        return rate.get_config()
    return adapt.plain(rate) if isinstance(rate, tf.Variable) else CODEC.pack_schedule(rate)
