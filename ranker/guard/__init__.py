"""The guard: judges losses and proposed changes before anything is written."""

from ranker.guard.guard import Guard
from ranker.guard.skip import Skip
from ranker.guard.verdict import (
    ACCEPTED,
    BAD_CHANGE,
    BAD_GRADIENT,
    BAD_LOSS,
    BAD_STATISTIC,
    LOSS_SPIKE,
    NORM_SPIKE,
    REASONS,
    Verdict,
)

__all__ = [
    "ACCEPTED",
    "BAD_CHANGE",
    "BAD_GRADIENT",
    "BAD_LOSS",
    "BAD_STATISTIC",
    "LOSS_SPIKE",
    "NORM_SPIKE",
    "REASONS",
    "Guard",
    "Skip",
    "Verdict",
]
