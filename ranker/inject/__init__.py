"""Injectors: deterministic faults, each on in a stated range of attempts.

They show what safeguards are worth: a fault is switched on at an attempt, and what the run
does then is measured. Faults of the data's order act on the stream, through `Reordering`;
all others inside the step, through `Faults`.
"""

from ranker.inject.batch import BatchFault, NotFinite
from ranker.inject.faults import Faults
from ranker.inject.features import FeatureOutlier, FeatureScale, Noise, UnknownIds
from ranker.inject.injector import Injector
from ranker.inject.labels import ExtremeLabel, LabelFlip, LabelScale, TaskVanishes
from ranker.inject.order import Ages, OrderFault, OrderShift, Reordering, RepeatedRow, RepeatedShard
from ranker.inject.state import EmbeddingScale, OptimizerReset, StateFault
from ranker.inject.subjects import Subjects
from ranker.inject.training import (
    Bf16,
    GradientFault,
    GradientSpike,
    RateScale,
    ShortWarmup,
    TaskWeight,
)

__all__ = [
    "INJECTORS",
    "Ages",
    "BatchFault",
    "Bf16",
    "EmbeddingScale",
    "ExtremeLabel",
    "Faults",
    "FeatureOutlier",
    "FeatureScale",
    "GradientFault",
    "GradientSpike",
    "Injector",
    "LabelFlip",
    "LabelScale",
    "Noise",
    "NotFinite",
    "OptimizerReset",
    "OrderFault",
    "OrderShift",
    "RateScale",
    "Reordering",
    "RepeatedRow",
    "RepeatedShard",
    "ShortWarmup",
    "StateFault",
    "Subjects",
    "TaskVanishes",
    "TaskWeight",
    "UnknownIds",
]

INJECTORS: tuple[type[Injector], ...] = (
    LabelFlip,
    ExtremeLabel,
    LabelScale,
    FeatureScale,
    FeatureOutlier,
    NotFinite,
    UnknownIds,
    TaskVanishes,
    Noise,
    TaskWeight,
    RateScale,
    ShortWarmup,
    GradientSpike,
    Bf16,
    EmbeddingScale,
    OptimizerReset,
    OrderShift,
    RepeatedShard,
    RepeatedRow,
)
