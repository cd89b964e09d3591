"""Logits and labels to a loss per task."""

from ranker.objective.losses import Objective

__all__ = ["Objective"]
