"""AdaGC by hand, and for variables that start late; `test_oracles.py` has another's numbers."""

import numpy as np
from sequences import scales

from ranker import optim


def test_by_hand():
    # Warm-up: (3, 4) has norm 5, limit 2.5: 0.5 for both, usual (1.5, 2). (0.9, 1.2) passes at
    # 1.5: usual (0.9, 1.2). Then 2 * 0.9 of 3.6: 0.5, and 1.5 passes under 2.4.
    clipper = optim.AdaGc(max_ratio=2.0, max_norm=2.5, beta=0.75, warmup_steps=2)
    got = scales(clipper, [[3.0, 4.0], [0.9, 1.2], [3.6, 1.5], [10.0, 2.55]])
    # usual 0.9 + 0.25 * (1.8 - 0.9) = 1.125, so 2.25 of 10; 1.2 + 0.25 * 0.3 = 1.275, so 2.55.
    expected = [[0.5, 0.5], [1.0, 1.0], [0.5, 1.0], [0.225, 1.0]]
    np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_the_smallest_norm_of_the_warm_up_counts():
    clipper = optim.AdaGc(max_ratio=1.5, max_norm=90.0, warmup_steps=3)
    got = scales(clipper, [[4.0], [2.0], [8.0], [6.0]])
    np.testing.assert_allclose(got[:, 0], [1.0, 1.0, 1.0, 0.5], rtol=1e-6)


def test_a_gradient_of_zero_does_not_hold_its_variable_at_zero_for_good():
    clipper = optim.AdaGc(max_ratio=1.5, max_norm=4.0, warmup_steps=2)
    got = scales(clipper, [[0.0, 1.0], [0.0, 1.0], [8.0, 1.0], [8.0, 1.0]])
    # Its first gradient is held to max_norm with the others': 4 / sqrt(65); then 1.5 times that.
    first = 4 / 65**0.5
    np.testing.assert_allclose(got[:, 0], [1.0, 1.0, first, 1.5 * first], rtol=1e-5)
    np.testing.assert_array_equal(got[:, 1], np.ones(4))


def test_a_variable_that_comes_after_the_warm_up_has_a_first_step_of_its_own():
    clipper = optim.AdaGc(max_ratio=1.5, max_norm=6.0, warmup_steps=1)
    got = scales(clipper, [[2.0, None], [2.0, None], [9.0, 12.0], [2.0, 12.0]])
    # 9 is held to 3; 12 to 6 of the 15 that both make; then to 1.5 * 4.8 = 7.2.
    np.testing.assert_allclose(got, [[1, np.nan], [1, np.nan], [1 / 3, 0.4], [1, 0.6]], rtol=1e-5)


def test_one_bad_variable_holds_the_others_in_the_warm_up_only_and_changes_no_usual_norm():
    clipper = optim.AdaGc(max_ratio=1.5, max_norm=9.0, warmup_steps=2)
    got = scales(clipper, [[2.0, 2.0], [np.nan, 2.0], [np.inf, 2.0], [6.0, 6.0]])
    np.testing.assert_allclose(got, [[1, 1], [0, 0], [0, 1], [0.5, 0.5]], rtol=1e-6)
