"""AutoClip by hand and against NumPy's percentile."""

import numpy as np
import pytest
from sequences import scales

from ranker import optim


def test_by_hand():
    # The median of (2), (2, 6), (2, 6, 1): 2, 4, 2; a window of 3 then has (3, 6, 1): 3.
    got = scales(optim.AutoClip(percentile=50.0, window=3), [[2.0], [6.0], [1.0], [3.0], [12.0]])
    # (3, 12, 1): 3 of 12.
    np.testing.assert_allclose(got[:, 0], [1.0, 4 / 6, 1.0, 1.0, 0.25], rtol=1e-6)


@pytest.mark.parametrize(("percentile", "window"), [(10.0, 1000), (37.0, 8), (90.0, 11), (99.0, 1)])
def test_holds_the_total_norm_to_the_percentile_of_numpy(percentile, window):
    random = np.random.default_rng(3)
    steps = np.exp(random.normal(size=(30, 2)))
    steps[[9, 20]] *= 1e6
    got = scales(optim.AutoClip(percentile=percentile, window=window), steps.tolist())
    totals = np.linalg.norm(steps, axis=1)
    for step, total in enumerate(totals):
        limit = np.percentile(totals[max(0, step + 1 - window) : step + 1], percentile)
        np.testing.assert_allclose(got[step], [min(1.0, limit / total)] * 2, rtol=1e-4)
    assert got.min() < 1 or window == 1


def test_a_spike_does_not_leak_into_a_percentile_that_falls_on_another_norm():
    # The 90th percentile of 11 norms is the second largest, exactly: 1, not 1 + rounding * 1e30.
    got = scales(optim.AutoClip(percentile=90.0), [[1.0]] * 10 + [[1e30]])
    np.testing.assert_allclose(got[-1], [1e-30], rtol=1e-4)


def test_a_step_of_zero_or_of_nan_is_not_among_the_norms():
    got = scales(optim.AutoClip(percentile=50.0), [[0.0], [np.nan], [4.0], [0.0], [2.0], [8.0]])
    # (4): 4; (4, 2): 3; (4, 2, 8): 4.
    np.testing.assert_allclose(got[:, 0], [1.0, 0.0, 1.0, 1.0, 1.0, 0.5], rtol=1e-6)
