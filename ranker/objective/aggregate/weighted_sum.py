"""The sum of the tasks' losses by their weights: one backward pass."""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from ranker.objective.aggregate.aggregation import (
    Context,
    Gradient,
    TaskGradients,
    Transaction,
)
from ranker.spec.aggregate import Sum


class WeightedSum:
    """The gradient of the weighted sum of the losses; remembers nothing."""

    variables: Mapping[str, tf.Variable] = {}

    def __init__(self, part: Sum | None = None, context: Context | None = None) -> None:
        del part, context

    def __call__(self, gradients: TaskGradients, transaction: Transaction) -> Sequence[Gradient]:
        """Returns the sum's gradient."""
        del transaction
        return gradients.total()
