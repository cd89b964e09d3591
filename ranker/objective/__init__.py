"""Logits and labels to a loss per task, and the tasks' gradients to one."""

from ranker.objective.aggregate import Aggregation, WeightedSum
from ranker.objective.losses import Objective, TaskLoss

__all__ = ["Aggregation", "Objective", "TaskLoss", "WeightedSum"]
