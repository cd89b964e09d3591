"""Which variables a model has, and which of them are whose."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import tensorflow as tf

from ranker.model.dense import unscoped


class Partition(NamedTuple):
    """Which variables the tasks share, and which are of one task alone, by name.

    Attributes:
      shared: those that the logits of two tasks or more depend on.
      own: by task, those that its logit alone depends on.
    """

    shared: tuple[str, ...]
    own: dict[str, tuple[str, ...]]


def part(
    variables: Mapping[str, tf.Variable], logits: Callable[[], Mapping[str, tf.Tensor]]
) -> Partition:
    """Returns whose each variable is, by what each logit's gradient reaches; runs nothing.

    One that no logit depends on is nobody's.

    Args:
      logits: a forward pass, [B] by task.
    """
    readers: dict[str, list[str]] = {name: [] for name in variables}
    tasks: list[str] = []

    def trace() -> None:
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch(list(variables.values()))
            found = logits()
        tasks.extend(found)
        for task, logit in found.items():
            gradients = tape.gradient(logit, dict(variables))
            for name in variables:
                if gradients[name] is not None:
                    readers[name].append(task)

    tf.function(trace, autograph=False).get_concrete_function()
    return Partition(
        shared=tuple(name for name, of in readers.items() if len(of) > 1),
        own={task: tuple(n for n, of in readers.items() if of == [task]) for task in tasks},
    )


def left_out(
    module: tf.Module, read: Sequence[tf.Variable], known: Mapping[str, tf.Variable]
) -> dict[str, tf.Variable]:
    """Returns the variables of `module` that are not `known` yet, by their names.

    A block may have a variable that it does not list: in a Keras layer or a tf.Module that is
    an attribute of it, a plain tf.Variable, or one in whatever object that the model reads.

    Args:
      read: those that a forward pass read.

    Raises:
      ValueError: for one that does not train, which no checkpoint would hold and which would
        move although an attempt is refused; and for one of a name that there is already.
    """
    named = dict(known)
    there = {variable.ref() for variable in known.values()}
    for variable in (*module.variables, *read):
        variable = getattr(variable, "_variable", variable)  # of mixed precision's wrapper
        if variable.ref() in there:
            continue
        name = name_of(variable)
        if not variable.trainable:
            raise ValueError(
                f"variable {name!r} of the model does not train, so no checkpoint would hold it: "
                "make it trainable, or a tensor"
            )
        if name in named:
            raise ValueError(
                f"two variables have one name: {name!r}; checkpoints go by name, so give each "
                "its own"
            )
        named[name] = variable
        there.add(variable.ref())
    return {name: variable for name, variable in named.items() if name not in known}


def name_of(variable: tf.Variable) -> str:
    """Returns the name of a variable without its ":0", as people wrote it."""
    return unscoped(variable.name.removesuffix(":0"))
