"""Rules, schedules, clippers and a `SpikeFilter` as plain values, for a config of Keras's."""

import dataclasses
import numbers
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from ranker import guard, optim
from ranker.optim.schedules import check_schedule
from ranker.spec import clip, rule

CustomObjects = dict[str, type] | None
KerasSchedule = tf.keras.optimizers.schedules.LearningRateSchedule
Rate = float | KerasSchedule | optim.Schedule
Rule = optim.Rule | rule.Rule
Clipper = optim.Clipper | clip.Clip


def pack(part: Any) -> dict[str, Any]:
    """Returns a frozen dataclass as JSON-ready values: its class and every argument.

    A number that is a variable is written as the value that it has now.

    Raises:
      ValueError: for a class that `unpack` would not find again, and for a function.
    """
    if not dataclasses.is_dataclass(part):
        raise ValueError(
            f"{part} has no arguments that a config could hold; to save it, give a schedule of "
            "ranker.optim or of Keras, or a frozen dataclass of your own"
        )
    name = type(part).__name__
    if _find(name, None) is not type(part):
        raise ValueError(
            f"{name} is not of ranker, so a config that names it could not be read; make it known: "
            f"tf.keras.saving.get_custom_objects()[{name!r}] = {name}"
        )
    arguments = [field.name for field in dataclasses.fields(part) if field.init]
    return {"class_name": name, "config": {n: _packed(getattr(part, n)) for n in arguments}}


def unpack(packed: Mapping[str, Any], custom_objects: CustomObjects = None) -> Any:
    """Returns what was packed.

    Args:
      custom_objects: classes by name, beside those of ranker and those known to Keras.

    Raises:
      ValueError: for a class that is none of them.
    """
    found = _find(packed["class_name"], custom_objects)
    if found is None:
        raise ValueError(f"no class {packed['class_name']!r} in ranker or among custom objects")
    arguments = packed["config"].items()
    return found(**{name: _unpacked(value, custom_objects) for name, value in arguments})


def plain(value: Any) -> Any:
    """Returns a tensor, a variable or a NumPy number as one of Python; others as they are."""
    if tf.is_tensor(value):
        return value.numpy().item()
    return value.item() if isinstance(value, np.generic) else value


def check_pattern(tables: Any) -> str:
    """Returns `tables`; TypeError unless it is text, ValueError if it is no regular expression."""
    if not isinstance(tables, str):
        raise TypeError(f"tables must be a regular expression as text, got {tables!r}")
    try:
        re.compile(tables)
    except re.error as error:
        raise ValueError(f"tables={tables!r} is no regular expression: {error}") from error
    return tables


def check_name(name: Any) -> str:
    """Returns an optimizer's name; TypeError unless it is text."""
    if not isinstance(name, str):
        raise TypeError(f"name must be text, got {name!r}")
    return name


def make_guard(max_refusals: Any, spike_filter: Any) -> guard.Guard:
    """Returns the guard; TypeError unless `max_refusals` is a whole number, ValueError below 1,
    and as `check_spike_filter` does."""
    made = guard.Guard(max_refusals=max_refusals, spike_filter=check_spike_filter(spike_filter))
    if not isinstance(max_refusals, numbers.Integral):
        raise TypeError(f"max_refusals must be a whole number, got {max_refusals!r}")
    return made


def check_spike_filter(spike_filter: Any) -> guard.SpikeFilter | None:
    """Returns it; TypeError unless it is one or None, ValueError if it watches losses."""
    if spike_filter is not None and not isinstance(spike_filter, guard.SpikeFilter):
        raise TypeError(
            f"spike_filter must be one such as SpikeFilter(of='norm'), got {spike_filter!r}"
        )
    if spike_filter and spike_filter.of != "norm":
        raise ValueError(
            f"spike_filter.of must be 'norm', since Keras shows no loss, got {spike_filter.of!r}"
        )
    return spike_filter


class Scheduled(KerasSchedule):
    """A schedule of `ranker.optim` where Keras wants one of its own."""

    def __init__(self, schedule: optim.Schedule) -> None:
        self.schedule = schedule

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Returns the rate of the update after `step` others, float32 scalar."""
        return self.schedule(step)

    def get_config(self) -> dict[str, Any]:
        """Returns the schedule, packed."""
        return pack(self.schedule)


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
    number = rate_of(rate)
    with tf.init_scope():
        return tf.Variable(tf.constant(number), trainable=False, name="learning_rate")


def rate_of(rate: Any) -> float:
    """Returns a rate that is a number; raises as `make_rate` does."""
    number = plain(rate) if not tf.is_tensor(rate) or rate.shape.rank == 0 else rate
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise TypeError(f"learning_rate must be a number or a schedule, got {rate!r}")
    if not 0 <= number < float("inf"):
        raise ValueError(f"learning_rate must be finite and >= 0, got {number}")
    return float(number)


def pack_rate(rate: tf.Variable | KerasSchedule) -> float | dict[str, Any]:
    """Returns a rate of `make_rate` as JSON-ready values."""
    if isinstance(rate, Scheduled):
        return rate.get_config()
    is_number = isinstance(rate, tf.Variable)
    return plain(rate) if is_number else tf.keras.optimizers.schedules.serialize(rate)


def unpack_rate(packed: float | dict[str, Any], custom_objects: CustomObjects = None) -> Rate:
    """Returns what was packed, for `make_rate`; ValueError for a schedule that is not known."""
    if not isinstance(packed, dict):
        return packed
    if _find(packed["class_name"], custom_objects):
        return unpack(packed, custom_objects)
    return tf.keras.optimizers.schedules.deserialize(packed, custom_objects=custom_objects)


def _find(name: str, custom_objects: CustomObjects) -> type | None:
    own = {name: getattr(optim, name) for name in optim.__all__} | {
        "SpikeFilter": guard.SpikeFilter
    }
    return tf.keras.saving.get_registered_object(name, custom_objects) or own.get(name)


def _packed(value: Any) -> Any:
    """Returns an argument as a plain value: a part of its own, as a schedule's, is packed too."""
    return pack(value) if dataclasses.is_dataclass(value) else plain(value)


def _unpacked(value: Any, custom_objects: CustomObjects) -> Any:
    return unpack(value, custom_objects) if isinstance(value, Mapping) else _tuples(value)


def _tuples(value: Any) -> Any:
    """Returns `value` with the lists that JSON makes of tuples as tuples again."""
    return tuple(map(_tuples, value)) if isinstance(value, list | tuple) else value
