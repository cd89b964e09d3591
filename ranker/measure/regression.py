"""Metrics of regression tasks, in the label's unit. All arguments float64 [N], N >= 1."""

import numpy as np


def root_mean_squared_error(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float:
    """Returns the square root of the weighted mean squared error."""
    return float(np.sqrt(np.average(np.square(scores - labels), weights=weights)))


def mean_absolute_error(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float:
    """Returns the weighted mean absolute error."""
    return float(np.average(np.abs(scores - labels), weights=weights))
