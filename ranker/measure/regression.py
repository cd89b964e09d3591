"""Metrics of regression tasks, in the label's unit. All arguments float64 [N], N >= 1.

Whatever the weights are, from 5e-324 to 1.8e308, none overflows or vanishes. ValueError,
saying which, for a value that is not finite or a weight that is not above 0.
"""

import numpy as np

from ranker.measure.weights import check_rows, mean, scaled


def root_mean_squared_error(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float:
    """Returns the square root of the weighted mean squared error of rows [N]."""
    errors, exponent = _errors(labels, scores, weights)
    return float(np.ldexp(np.sqrt(mean(np.square(errors), weights)), exponent))


def mean_absolute_error(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float:
    """Returns the weighted mean absolute error of rows [N]."""
    errors, exponent = _errors(labels, scores, weights)
    return float(np.ldexp(mean(np.abs(errors), weights), exponent))


def _errors(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, int]:
    """Returns errors over 2 ** e, so that no square overflows, and e."""
    check_rows(labels, scores, weights)
    with np.errstate(over="ignore"):
        errors = scores - labels
    if not np.isfinite(errors).all():
        row = int(np.isfinite(errors).argmin())
        raise ValueError(
            f"row {row} of {len(errors)}: the error of {scores[row]} for {labels[row]} is above "
            "1.8e308"
        )
    return scaled(errors)
