"""Intervals and tests over seeds, by SciPy; the corrections are a few lines of arithmetic."""

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from ranker.compare.summary import Interval


def wilson(diverged: int, tried: int) -> Interval:
    """Returns diverged / tried with its 95% interval (Wilson 1927); NaN if nothing was tried."""
    if not tried:
        return Interval(math.nan)
    found = stats.binomtest(diverged, tried).proportion_ci(method="wilson")
    return Interval(diverged / tried, float(found.low), float(found.high))


def mean(values: Sequence[float]) -> Interval:
    """Returns the mean of the values that are not NaN, with Student's 95% interval.

    NaN if there are none; no interval for fewer than two.
    """
    kept = [value for value in values if not math.isnan(value)]
    if not kept:
        return Interval(math.nan)
    middle = float(np.mean(kept))
    if len(kept) < 2:
        return Interval(middle)
    half = float(stats.t.ppf(0.975, len(kept) - 1) * stats.sem(kept))
    return Interval(middle, middle - half, middle + half)


def paired_p(differences: Sequence[float]) -> float:
    """Returns the two-sided p-value of the paired t test (Student 1908).

    NaN for fewer than two differences, or if they are all equal.
    """
    if len(set(differences)) < 2:
        return math.nan
    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def sign_p(differences: Sequence[float]) -> float:
    """Returns the two-sided p-value of the exact sign test (Arbuthnott 1710).

    Differences of 0, and NaN, do not count; 1 if none is left.
    """
    signs = [difference > 0 for difference in differences if difference < 0 or difference > 0]
    return float(stats.binomtest(sum(signs), len(signs)).pvalue) if signs else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """Returns p-values adjusted for their number (Holm 1979); NaN stays and does not count."""
    order = sorted((p, i) for i, p in enumerate(p_values) if not math.isnan(p))
    adjusted, largest = [math.nan] * len(p_values), 0.0
    for rank, (p, i) in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p))
        adjusted[i] = largest
    return adjusted


def upper_median(values: Sequence[float]) -> float:
    """Returns the median, of an even number the larger middle one; infinities have their place.

    It is finite only if more than half of the values are.
    """
    return sorted(values)[len(values) // 2] if values else math.nan
