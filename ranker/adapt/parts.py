"""Rules, schedules, clippers and a `SpikeFilter` as plain values, for a config of Keras's."""

import dataclasses
import numbers
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from ranker import guard, optim
from ranker.spec import clip, rule

CustomObjects = dict[str, type] | None
Rule = optim.Rule | rule.Rule
Clipper = optim.Clipper | clip.Clip


class Codec:
    """Frozen dataclasses to plain values and back, with the custom objects of one Keras."""

    def __init__(self, keras: Any, name: str) -> None:
        """Takes the package, Keras 2 or 3, and what users call it."""
        self._keras = keras
        self._name = name

    def pack(self, part: Any) -> dict[str, Any]:
        """Returns a frozen dataclass as JSON-ready values: its class and every argument.

        A number that is a variable is written as the value that it has now.

        Raises:
          ValueError: for a class that `unpack` would not find again, and for a function.
        """
        if not dataclasses.is_dataclass(part):
            raise ValueError(
                f"{part} has no arguments that a config could hold; to save it, give a schedule "
                "of ranker.optim or of Keras, or a frozen dataclass of your own"
            )
        name = type(part).__name__
        if self.find(name, None) is not type(part):
            raise ValueError(
                f"{name} is not of ranker, so a config that names it could not be read; make it "
                f"known: {self._name}.saving.get_custom_objects()[{name!r}] = {name}"
            )
        arguments = [field.name for field in dataclasses.fields(part) if field.init]
        values = {n: self._packed(getattr(part, n)) for n in arguments}
        return {"class_name": name, "config": values}

    def unpack(self, packed: Mapping[str, Any], custom_objects: CustomObjects = None) -> Any:
        """Returns what was packed.

        Args:
          custom_objects: classes by name, beside those of ranker and those known to Keras.

        Raises:
          ValueError: for a class that is none of them.
        """
        found = self.find(packed["class_name"], custom_objects)
        if found is None:
            raise ValueError(f"no class {packed['class_name']!r} in ranker or among custom objects")
        arguments = packed["config"].items()
        return found(**{n: self._unpacked(value, custom_objects) for n, value in arguments})

    def pack_schedule(self, schedule: Any) -> dict[str, Any]:
        """Returns a schedule of Keras as JSON-ready values."""
        return self._keras.optimizers.schedules.serialize(schedule)

    def unpack_rate(self, packed: Any, custom_objects: CustomObjects = None) -> Any:
        """Returns a rate that was packed, a number as it is; ValueError for an unknown schedule."""
        if not isinstance(packed, dict):
            return packed
        if self.find(packed["class_name"], custom_objects):
            return self.unpack(packed, custom_objects)
        schedules = self._keras.optimizers.schedules
        return schedules.deserialize(packed, custom_objects=custom_objects)

    def arguments(
        self, config: Mapping[str, Any], custom_objects: CustomObjects = None
    ) -> dict[str, Any]:
        """Returns the arguments that `get_config` of an optimizer of these packed.

        Raises:
          ValueError: for a rule, a schedule or a clipper that is not known here.
        """
        spike_filter = config["spike_filter"]
        return {
            **config,
            "rule": self.unpack(config["rule"], custom_objects),
            "learning_rate": self.unpack_rate(config["learning_rate"], custom_objects),
            "clippers": [self.unpack(clipper, custom_objects) for clipper in config["clippers"]],
            "spike_filter": self.unpack(spike_filter, custom_objects) if spike_filter else None,
        }

    def find(self, name: str, custom_objects: CustomObjects) -> type | None:
        """Returns the class of a name, of ranker or known to Keras; None if there is none."""
        own = {name: getattr(optim, name) for name in optim.__all__} | {
            "SpikeFilter": guard.SpikeFilter
        }
        return self._keras.saving.get_registered_object(name, custom_objects) or own.get(name)

    def _packed(self, value: Any) -> Any:
        """Returns an argument as a plain value: a part of its own, as a schedule's, packed too."""
        return self.pack(value) if dataclasses.is_dataclass(value) else plain(value)

    def _unpacked(self, value: Any, custom_objects: CustomObjects) -> Any:
        is_part = isinstance(value, Mapping)
        return self.unpack(value, custom_objects) if is_part else _tuples(value)


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


def rate_of(rate: Any) -> float:
    """Returns a rate that is a number.

    Raises:
      TypeError: for what is no number, as text is.
      ValueError: for a number that is not finite and >= 0.
    """
    number = plain(rate) if not tf.is_tensor(rate) or rate.shape.rank == 0 else rate
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise TypeError(f"learning_rate must be a number or a schedule, got {rate!r}")
    if not 0 <= number < float("inf"):
        raise ValueError(f"learning_rate must be finite and >= 0, got {number}")
    return float(number)


def _tuples(value: Any) -> Any:
    """Returns `value` with the lists that JSON makes of tuples as tuples again."""
    return tuple(map(_tuples, value)) if isinstance(value, list | tuple) else value
