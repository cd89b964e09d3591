"""Exact metrics per task, over all rows at once, in NumPy."""

from ranker.measure.binary import (
    auc,
    auc_by_user,
    auc_of_each_user,
    calibration_error,
    calibration_ratio,
    log_loss,
    normalized_entropy,
)
from ranker.measure.distribution import distributions
from ranker.measure.evaluate import evaluate, is_higher_better
from ranker.measure.regression import mean_absolute_error, root_mean_squared_error

__all__ = [
    "auc",
    "auc_by_user",
    "auc_of_each_user",
    "calibration_error",
    "calibration_ratio",
    "distributions",
    "evaluate",
    "is_higher_better",
    "log_loss",
    "mean_absolute_error",
    "normalized_entropy",
    "root_mean_squared_error",
]
