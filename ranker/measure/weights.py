"""Weighted sums and means that neither overflow nor vanish, whatever the weights.

Weights are scaled by a power of two, which rounds nothing.
"""

from typing import NamedTuple

import numpy as np


class Sum(NamedTuple):
    """A sum that float64 may not hold: `share` * 2 ** `exponent`."""

    share: float
    exponent: int

    def over(self, other: "Sum") -> float:
        """Returns the ratio of the two; infinite above 1.8e308, 0 below 5e-324."""
        with np.errstate(over="ignore", under="ignore"):
            return float(np.ldexp(self.share / other.share, self.exponent - other.exponent))


def check_rows(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> None:
    """Raises ValueError unless all three are [N], N >= 1, finite, and each weight is above 0."""
    values = {"labels": labels, "scores": scores, "weights": weights}
    for name, each in values.items():
        if each.ndim != 1 or each.shape != labels.shape or not len(each):
            raise ValueError(
                f"{name} of shape {each.shape} beside labels of shape {labels.shape}: all must "
                "be [N], N at least 1"
            )
        is_good = np.isfinite(each)
        must = "must be finite"
        if name == "weights":
            is_good &= each > 0
            must = "must be finite and above 0; leave out a row that is masked"
        if not is_good.all():
            row = int(is_good.argmin())
            raise ValueError(f"{name}: {each[row]} in row {row} of {len(each)} {must}")


def scaled(values: np.ndarray) -> tuple[np.ndarray, int]:
    """Returns `values`, [N], over 2 ** e so that the largest in size is in [0.5, 1); and e."""
    exponent = int(np.frexp(np.abs(values).max())[1])
    with np.errstate(under="ignore"):
        return np.ldexp(values, -exponent), exponent


def total(weights: np.ndarray, values: np.ndarray | float = 1.0) -> Sum:
    """Returns the sum of `values`, up to 1e290 in size, each times its weight. [N]"""
    shares, exponent = scaled(weights)
    return Sum(float(np.sum(shares * values)), exponent)


def mean(values: np.ndarray, weights: np.ndarray) -> float:
    """Returns the weighted mean of `values`, up to 1e290 in size. [N]"""
    return float(np.average(values, weights=scaled(weights)[0]))
