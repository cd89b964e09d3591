"""The tasks' gradients to the one that is proposed: their weighted sum, or a method's.

A method is a class with `variables` and `__call__`, see `Aggregation`; `Step` takes it.
"""

from ranker.objective.aggregate.aggregation import (
    Aggregation,
    Context,
    TaskGradients,
    Transaction,
)
from ranker.objective.aggregate.gramian import combined, gramian
from ranker.objective.aggregate.weighted_sum import WeightedSum

__all__ = [
    "Aggregation",
    "Context",
    "TaskGradients",
    "Transaction",
    "WeightedSum",
    "combined",
    "gramian",
]
