"""GradientStabilizer by hand and against its formula in NumPy."""

import numpy as np
import pytest
from sequences import scales
from tiny_optimizer import Tiny, values

from ranker import optim


def test_by_hand():
    # Norms 3, 1. gamma_1 0.5: mean (0.25 * 3 + 0.5 * 1) / 0.75 = 1.666667.
    # gamma_2 0.75: (0.75 * 0.25 * 9 + 0.25 * 1) / 0.4375 = 4.428571, root 2.104417.
    got = scales(optim.GradientStabilizer(gamma_1=0.5, gamma_2=0.75), [[3.0], [1.0]])
    np.testing.assert_allclose(got[:, 0], [1 / 3, 1.666667 / 2.104417], rtol=1e-5)


@pytest.mark.parametrize("size", [1e-12, 1.0, 1e12, 1e30])
def test_is_its_formula_in_numpy_with_both_moments_corrected(size):
    norms = np.exp(np.random.default_rng(5).normal(size=(40, 2)))
    norms[25, 0] *= 1e3
    got = scales(optim.GradientStabilizer(gamma_1=0.7, gamma_2=0.99), (norms * size).tolist())
    mean, square = np.zeros(2), np.zeros(2)
    for step, norm in enumerate(norms):
        mean = 0.7 * mean + 0.3 * norm
        square = 0.99 * square + 0.01 * norm**2
        root = np.sqrt(square / (1 - 0.99 ** (step + 1)))
        length = mean / (1 - 0.7 ** (step + 1)) / root
        np.testing.assert_allclose(got[step] * norm * size, length, rtol=1e-4)


def test_the_first_gradient_gets_a_length_of_1_and_a_spike_at_most_12_6():
    norms = [[1e-3]] * 3000 + [[1e6]]
    clipper = optim.GradientStabilizer()
    assert scales(clipper, [[1e-3]])[0] * 1e-3 == pytest.approx(1.0, rel=1e-5)
    tail = scales(clipper, norms[-400:])[-1] * 1e6  # 400 steps in: (1 - 0.6) * (1 / 0.0303)^0.5
    assert tail == pytest.approx(0.4 * ((1 - 0.999**400) / 0.001) ** 0.5, rel=1e-3)
    assert tail < 12.65  # 0.4 / sqrt(0.001), after many more


def test_a_length_does_not_depend_on_the_unit_of_the_gradients():
    norms = np.exp(np.random.default_rng(6).normal(size=(10, 1)))
    one, other = (scales(optim.GradientStabilizer(), (norms * u).tolist()) * u for u in (1.0, 1e9))
    np.testing.assert_allclose(one, other, rtol=1e-4)


def test_a_step_of_zero_or_nan_is_as_if_it_had_not_been():
    clipper = optim.GradientStabilizer()
    got = scales(clipper, [[3.0], [0.0], [np.nan], [np.inf], [1.0]])[:, 0]
    np.testing.assert_array_equal(got[1:4], [1.0, 0.0, 0.0])
    np.testing.assert_allclose(got[[0, 4]], scales(clipper, [[3.0], [1.0]])[:, 0], rtol=1e-6)


def test_stretches_and_says_1():
    tiny = Tiny(optim.Sgd(), clippers=[optim.GradientStabilizer()], rate=1.0)
    transaction = tiny.propose(values((3, 2), size=1e-3), values((2, 4), size=1e3), [2, 2])
    for change in transaction.changes:
        np.testing.assert_allclose(np.linalg.norm(change.update), 1.0, rtol=1e-5)
    factors = tiny.optimizer.factors(transaction)
    assert factors[0] == 1
    assert factors[1] < 1e-2
