"""Injectors: deterministic faults, each on in a stated range of attempts.

They show what safeguards are worth: a fault is switched on at an attempt, and what the run
does then is measured. Faults of the data's order act on the stream, through `Reordering`;
all others inside the step, through `Faults`.
"""

from ranker.inject.fault_targets import FaultTargets
from ranker.inject.faults import Faults
from ranker.inject.injector import (
    BatchFault,
    Fault,
    GradientFault,
    LossFault,
    RangedFault,
    RateFault,
    ScheduleFault,
    StateFault,
)
from ranker.inject.order import Ages, OrderFault, Reordering
from ranker.spec import inject as _inject
from ranker.spec import inject_training as _inject_training
from ranker.spec.inject import *  # noqa: F403 (what is declared there is what is given here)
from ranker.spec.inject_training import *  # noqa: F403

__all__ = [
    "Ages",
    "BatchFault",
    "Fault",
    "FaultTargets",
    "Faults",
    "GradientFault",
    "LossFault",
    "OrderFault",
    "RangedFault",
    "RateFault",
    "Reordering",
    "ScheduleFault",
    "StateFault",
]
__all__ += _inject.__all__
__all__ += _inject_training.__all__
