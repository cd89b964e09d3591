"""Intervals and tests, by hand and against other formulas of SciPy."""

import math

import numpy as np
import pytest
from scipy import stats

from ranker.compare.statistics import holm, mean, paired_p, sign_p, upper_median, wilson


@pytest.mark.parametrize(
    ("diverged", "tried", "low", "high"),
    [
        # z = 1.959964; none of n: 0 to z^2 / (n + z^2) = 3.841459 / 6.841459
        (0, 3, 0.0, 0.561497),
        (3, 3, 0.438503, 1.0),
        # 5 of 10: (5 + z^2/2) / (10 + z^2) -+ z sqrt(10/4 + z^2/4) / (10 + z^2)
        (5, 10, 0.236593, 0.763407),
    ],
)
def test_wilson_by_hand(diverged, tried, low, high):
    interval = wilson(diverged, tried)
    assert interval.value == diverged / tried
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-6)


@pytest.mark.parametrize(("diverged", "tried"), [(0, 1), (1, 3), (2, 2), (17, 400)])
def test_wilsons_interval_by_formula(diverged, tried):
    z, share = 1.959963984540054, diverged / tried
    centre = (share + z**2 / (2 * tried)) / (1 + z**2 / tried)
    half = (z / (1 + z**2 / tried)) * math.sqrt(share * (1 - share) / tried + z**2 / (4 * tried**2))
    found = wilson(diverged, tried)
    assert found.low == pytest.approx(max(0, centre - half), abs=1e-12)
    assert found.high == pytest.approx(min(1, centre + half), abs=1e-12)


def test_nothing_tried_is_nothing_known():
    interval = wilson(0, 0)
    assert all(map(math.isnan, (interval.value, interval.low, interval.high)))


def test_the_mean_of_what_is_defined():
    # 1, 2, 6: mean 3, deviation sqrt(7), standard error sqrt(7/3); t(0.975, 2) = 4.302653
    interval = mean([1.0, math.nan, 2.0, 6.0])
    half = 4.302653 * math.sqrt(7 / 3)
    assert interval.value == 3
    assert (interval.low, interval.high) == pytest.approx((3 - half, 3 + half), abs=1e-5)


@pytest.mark.parametrize(
    ("values", "value"), [([], math.nan), ([math.nan], math.nan), ([4.0], 4.0)]
)
def test_fewer_than_two_values_have_no_interval(values, value):
    interval = mean(values)
    assert interval.value == pytest.approx(value, nan_ok=True)
    assert math.isnan(interval.low)
    assert math.isnan(interval.high)


@pytest.mark.parametrize("num_pairs", [2, 3, 5, 20])
def test_a_paired_test_is_scipys(num_pairs):
    first, second = np.random.default_rng(num_pairs).normal(size=(2, num_pairs))
    expected = stats.ttest_rel(first, second).pvalue
    assert paired_p(list(first - second)) == pytest.approx(expected)


@pytest.mark.parametrize("differences", [[], [0.1], [0.1, 0.1], [0.0, 0.0, 0.0]])
def test_without_variance_there_is_no_test(differences):
    assert math.isnan(paired_p(differences))


@pytest.mark.parametrize(
    ("differences", "p_value"),
    [
        ([], 1.0),
        ([0, 0, math.nan], 1.0),
        ([2], 1.0),
        ([1, 3, 2, 7, 1, 0, math.nan], 2 / 2**5),
        ([-1] * 6, 2 / 2**6),
        # One of six the other way: 2 (1 + 6) / 2^6.
        ([1, 1, 1, 1, 1, -9], 14 / 64),
        ([1, -1], 1.0),
    ],
)
def test_the_sign_test_by_hand(differences, p_value):
    assert sign_p(differences) == pytest.approx(p_value)


def test_holm_by_hand():
    # In order .01 * 4, .02 * 3, .03 * 2, .04 * 1, none below the one before, none above 1;
    # what is not a number is no test.
    assert holm([0.03, math.nan, 0.01, 0.04, 0.02]) == pytest.approx(
        [0.06, math.nan, 0.04, 0.06, 0.06], nan_ok=True
    )
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


@pytest.mark.parametrize(
    ("values", "middle"),
    [([3.0, 1.0, 2.0], 2.0), ([1.0, 4.0, 2.0, 3.0], 3.0), ([1.0, math.inf], math.inf)],
)
def test_the_upper_median(values, middle):
    assert upper_median(values) == middle
