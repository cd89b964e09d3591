"""The variables of a Keras model, told apart: dense ones, tables, and two of one name."""

import collections
import re
from collections.abc import Sequence

import tensorflow as tf

DENSE, TABLES = "dense", "embeddings"


def group(variables: Sequence[tf.Variable], tables: str) -> dict[str, dict[str, tf.Variable]]:
    """Returns the variables by group, and by a name that is unique among them.

    Args:
      tables: regular expression, found in the names of embedding tables alone.

    Raises:
      ValueError: for a variable with a constraint, or one that is given twice.
    """
    refuse_repeated(variables)
    grouped: dict[str, dict[str, tf.Variable]] = {DENSE: {}, TABLES: {}}
    for name, variable in zip(unique_names(variables), variables, strict=True):
        if variable.constraint is not None:
            raise ValueError(
                f"{variable.name} has the constraint {variable.constraint}, which would be "
                "written unclipped and unjudged"
            )
        grouped[TABLES if is_table(variable, tables) else DENSE][name] = variable
    return grouped


def refuse_repeated(variables: Sequence[tf.Variable]) -> None:
    """Raises ValueError for a variable that is given twice: one of two gradients would be lost."""
    times = collections.Counter(variable.ref() for variable in variables)
    for variable in variables:
        if times[variable.ref()] > 1:
            raise ValueError(
                f"{variable.name} is given {times[variable.ref()]} times; add its gradients up "
                "and give it once"
            )


def is_table(variable: tf.Variable, tables: str) -> bool:
    """Returns whether `tables` is found in the variable's name, without its ":0"."""
    return re.search(tables, name_of(variable)) is not None


def name_of(variable: tf.Variable) -> str:
    """Returns the name without its ":0"."""
    return variable.name.partition(":")[0]


def unique_names(variables: Sequence[tf.Variable]) -> list[str]:
    """Returns names to tell variables apart: a second "a/b" is "a_1/b".

    So two layers of one name stay two layers to Clippy.
    """
    names: list[str] = []
    for variable in variables:
        layer, slash, last = name_of(variable).rpartition("/")
        name, times = name_of(variable), 0
        while name in names:
            times += 1
            name = f"{layer}_{times}/{last}" if slash else f"{last}_{times}"
        names.append(name)
    return names
