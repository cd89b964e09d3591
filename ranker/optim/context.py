"""Where an optimizer may run: not in several replicas, and not under XLA."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf


def refuse_replicas(what: str, variables: Sequence[tf.Variable] = ()) -> None:
    """Raises ValueError under a strategy of several replicas, and for variables of one.

    Each replica would judge and write its own gradients, and so train a model of its own.
    """
    strategy = tf.distribute.get_strategy()
    if strategy.num_replicas_in_sync > 1:
        raise ValueError(
            f"{what}: {type(strategy).__name__} has {strategy.num_replicas_in_sync} replicas, and "
            "each would train a model of its own; train on one device, without a strategy"
        )
    for variable in variables:
        if isinstance(variable, tf.distribute.DistributedValues):
            raise ValueError(
                f"{what}: variable {variable.name} is spread by a strategy of tf.distribute; make "
                "it on one device, outside of the strategy's scope"
            )


def refuse_xla(what: str, instead: str = "leave out jit_compile=True") -> None:
    """Raises ValueError where XLA would compile what is being traced, saying what to do `instead`.

    It has no operation that finds unique ids, nor one that looks at a refused step in NumPy.
    """
    if any(context.IsXLAContext() for context in _contexts()):
        raise ValueError(
            f"{what}: XLA cannot compile this step (ids are made unique, a refused step is looked "
            f"at on the host): {instead}"
        )


def _contexts() -> list[Any]:
    """Returns the control flow contexts around what is traced, of the graphs around it too."""
    contexts = []
    graph = tf.compat.v1.get_default_graph()
    while graph is not None:
        context = graph._get_control_flow_context()
        while context is not None:
            contexts.append(context)
            context = context.outer_context
        graph = getattr(graph, "outer_graph", None)
    return contexts
