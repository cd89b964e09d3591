"""The guard: judges an attempt before anything is written, and says when training diverges."""

from ranker.guard.detector import FULL, HEALTHY, JUMP, MICRO, SYMPTOMS, Detector, Findings
from ranker.guard.guard import Guard
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
from ranker.spec.guard import Detect, SpikeFilter

__all__ = [
    "ACCEPTED",
    "BAD_CHANGE",
    "BAD_GRADIENT",
    "BAD_LOSS",
    "BAD_STATISTIC",
    "FULL",
    "HEALTHY",
    "JUMP",
    "LOSS_SPIKE",
    "MICRO",
    "NORM_SPIKE",
    "REASONS",
    "SYMPTOMS",
    "Detect",
    "Detector",
    "Findings",
    "Guard",
    "SpikeFilter",
    "Verdict",
]
