"""Knobs as variables: one compiled step serves every run of its form."""

import dataclasses
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from ranker.config import knobs
from ranker.config.settings import RunConfig

Numbers = Callable[[str, Any], Any]  # a setting's path and value to what the graph gets


def constant(path: str, value: Any) -> Any:
    """Returns `value`: a run of its own needs no knobs."""
    del path
    return value


def arguments(variant: Any, path: str = "", numbers: Numbers = constant) -> dict[str, Any]:
    """Returns the settings of the tagged table at `path` without its tag: what builds it."""
    return {
        f.name: numbers(f"{path}.{f.name}", getattr(variant, f.name))
        for f in dataclasses.fields(variant)
        if f.name != "kind"
    }


class Knobs:
    """The knobs of one form, as variables."""

    def __init__(self, config: RunConfig) -> None:
        """Makes a variable for each knob of `config`, with its value."""
        self._variables = {
            path: tf.Variable(tf.constant(value, _type(path)), trainable=False, name=path)
            for path, value in knobs.find(config).items()
        }

    def __call__(self, path: str, value: Any) -> Any:
        """Returns the variable of the knob at `path`, or `value` if it is none."""
        return self._variables.get(path, value)

    def turn(self, config: RunConfig) -> None:
        """Sets every knob as `config`, of the same form, has it."""
        for path, value in knobs.find(config).items():
            self._variables[path].assign(value)


def _type(path: str) -> tf.DType | None:
    """Returns int64 for what is compared with attempts, else None: the type of its value."""
    return tf.int64 if path.endswith((".start", ".stop")) else None
