"""The variables of a Keras model, told apart: dense ones, tables, and two of one name."""

import collections
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow as tf

DENSE, TABLES = "dense", "embeddings"


class Trained(NamedTuple):
    """A variable of a model.

    Attributes:
      name: as its layer names it: "tower/kernel".
      variable: TensorFlow's.
      constraint: that Keras would put on it; None for none.
    """

    name: str
    variable: tf.Variable
    constraint: Any


def group(trained: Sequence[Trained], tables: str) -> dict[str, dict[str, tf.Variable]]:
    """Returns the variables by group, and by a name that is unique among them.

    Args:
      tables: regular expression, found in the names of embedding tables alone.

    Raises:
      ValueError: for a variable with a constraint, or one that is given twice.
    """
    refuse_repeated(trained)
    grouped: dict[str, dict[str, tf.Variable]] = {DENSE: {}, TABLES: {}}
    names = unique_names([each.name for each in trained])
    for name, each in zip(names, trained, strict=True):
        if each.constraint is not None:
            raise ValueError(
                f"{each.name} has the constraint {each.constraint}, which would be "
                "written unclipped and unjudged"
            )
        grouped[TABLES if is_table(each.name, tables) else DENSE][name] = each.variable
    return grouped


def refuse_repeated(trained: Sequence[Trained]) -> None:
    """Raises ValueError for a variable that is given twice: one of two gradients would be lost."""
    times = collections.Counter(each.variable.ref() for each in trained)
    for each in trained:
        if times[each.variable.ref()] > 1:
            raise ValueError(
                f"{each.name} is given {times[each.variable.ref()]} times; add its gradients up "
                "and give it once"
            )


def is_table(name: str, tables: str) -> bool:
    """Returns whether `tables` is found in a variable's name."""
    return re.search(tables, name) is not None


def unique_names(names: Sequence[str]) -> list[str]:
    """Returns names to tell variables apart: a second "a/b" is "a_1/b".

    So two layers of one name stay two layers to Clippy.
    """
    found: list[str] = []
    for name in names:
        layer, slash, last = name.rpartition("/")
        unique, times = name, 0
        while unique in found:
            times += 1
            unique = f"{layer}_{times}/{last}" if slash else f"{last}_{times}"
        found.append(unique)
    return found
