"""ZClip by hand, in its warm-up and after; `test_oracles.py` has its authors' numbers."""

import numpy as np
from sequences import scales

from ranker import optim


def test_by_hand():
    # Warm-up (2, 4): mean 3, deviation 1, and max_norm alone: 3 / 4 of the second.
    # 7: z = 4 / 1 > 2: limit 3 + 2 * 1 * 2 / 4 = 4: 4 / 7, though max_norm has 3 of it.
    clipper = optim.ZClip(alpha=0.5, max_z=2.0, max_norm=3.0, warmup_steps=2)
    got = scales(clipper, [[2.0], [4.0], [7.0]])
    np.testing.assert_allclose(got[:, 0], [1.0, 0.75, 3 / 7], rtol=1e-5)
    wide = optim.ZClip(alpha=0.5, max_z=2.0, max_norm=50.0, warmup_steps=2)
    # Then mean 0.5 * 3 + 0.5 * 4 = 3.5, variance 0.5 * 1 + 0.5 * 0.5^2 = 0.625, deviation
    # 0.790569. 5: z = 1.897, passes. Mean 4.25, variance 0.3125 + 0.5 * 0.75^2 = 0.59375,
    # 0.770552. 14.25: z = 12.978: limit 4.25 + 4 * 0.770552 / 12.978 = 4.487501.
    got = scales(wide, [[2.0], [4.0], [7.0], [5.0], [14.25]])
    np.testing.assert_allclose(got[:, 0], [1.0, 1.0, 4 / 7, 1.0, 4.487501 / 14.25], rtol=1e-5)


def test_the_norm_is_that_of_all_together():
    clipper = optim.ZClip(max_norm=2.5, warmup_steps=2)
    np.testing.assert_allclose(scales(clipper, [[3.0, 4.0]]), [[0.5, 0.5]], rtol=1e-6)


def test_a_warm_up_of_equal_norms_brings_an_outlier_down_to_them():
    got = scales(optim.ZClip(max_norm=9.0, warmup_steps=3), [[2.0]] * 3 + [[1e30], [2.0]])
    np.testing.assert_allclose(got[:, 0], [1.0, 1.0, 1.0, 2e-30, 1.0], rtol=1e-4)


def test_the_warm_up_counts_norms_not_steps_of_zero_or_nan():
    clipper = optim.ZClip(max_z=0.5, max_norm=90.0, warmup_steps=2)
    got = scales(clipper, [[2.0], [0.0], [np.nan], [4.0], [8.0]])
    # Mean 3, deviation 1: 8 has z = 5, limit 3 + 0.5 * 0.5 / 5 = 3.05.
    np.testing.assert_allclose(got[:, 0], [1.0, 1.0, 0.0, 1.0, 3.05 / 8], rtol=1e-5)
