"""Update clipping by hand, and which rules it can do nothing to or cannot know."""

import numpy as np
import pytest
from tiny_optimizer import RULES, Tiny, values

from ranker import optim

SLICES = np.zeros((2, 4), np.float32)


def factors(rule, gradients, *, clipper, **group):
    """Returns the dense variable's factor at each step."""
    tiny = Tiny(rule, clippers=[clipper], shape=(2,), **group)
    found = []
    for gradient in gradients:
        transaction = tiny.apply(np.array(gradient, np.float32), SLICES, [0, 1])
        found.append(tiny.optimizer.factors(transaction)[0])
    return np.array(found)


@pytest.mark.parametrize("rate", [0.01, 3.0])
def test_of_the_update_by_hand_whatever_the_rate(rate):
    # RMS of (6, 8) is sqrt(50) = 7.071068; 2 / 7.071068 = 0.282843. Of (1, 1) it is 1.
    clipper = optim.Rms(max_rms=2.0)
    got = factors(optim.Sgd(), [[6.0, 8.0], [1.0, 1.0]], clipper=clipper, rate=rate)
    np.testing.assert_allclose(got, [0.282843, 1.0], rtol=1e-5)


def test_of_the_gradient_by_hand():
    # beta_2 0.75. v = 0.25 * (4, 0) = (1, 0), corrected by 1 / (1 - 0.75): (4, 0): RMS of
    # (2 / 2, 0) is 0.707. Then v = (0.75 + 0.25 * 100, 0.25 * 16) = (25.75, 4), corrected by
    # 1 / (1 - 0.5625): (58.857, 9.143): g^2 / v is (1.699, 1.75), RMS 1.313208.
    rule = optim.Adam(beta_1=0.8, beta_2=0.75)
    clipper = optim.Rms(of="gradient", max_rms=0.5)
    got = factors(rule, [[2.0, 0.0], [10.0, 4.0]], clipper=clipper)
    np.testing.assert_allclose(got, [0.5 / 0.707107, 0.5 / 1.313208], rtol=1e-5)


def test_of_the_gradient_on_rmsprop_is_not_corrected_as_its_step_is_not():
    # mean_square = 0.1 * 9: g^2 / v = 10 in both: 1 / sqrt(10).
    got = factors(optim.RmsProp(rho=0.9), [[3.0, -3.0]], clipper=optim.Rms(of="gradient"))
    np.testing.assert_allclose(got, [0.316228], rtol=1e-5)


def test_a_spike_under_momentum_shows_in_the_gradient_first():
    rule = optim.Adam(beta_1=0.95, beta_2=0.9)
    gradients = [[1.0, -1.0]] * 30 + [[100.0, -100.0]]
    of = {m: factors(rule, gradients, clipper=optim.Rms(of=m))[-1] for m in ("update", "gradient")}
    assert of["gradient"] < 0.35
    assert of["update"] > 0.4


def test_epsilon_keeps_a_gradient_of_nearly_nothing_out():
    rule, gradients = optim.Adam(beta_2=0.75), [[1e-6, 1e-6]]
    clipper = optim.Rms(of="gradient", max_rms=0.5, epsilon=1e-3)
    np.testing.assert_allclose(factors(rule, gradients, clipper=clipper), [1.0])
    clipper = optim.Rms(of="gradient", max_rms=0.5)
    np.testing.assert_allclose(factors(rule, gradients, clipper=clipper), [0.5], rtol=1e-5)


def test_does_nothing_to_adagrad_in_the_standard_order_at_1_but_to_the_delayed():
    gradients = [[0.1, -0.1], [1e3, 1e-3], [1e6, -1e6], [1e-6, 0.0]]
    standard = factors(RULES["adagrad"], gradients, clipper=optim.Rms())
    np.testing.assert_array_equal(standard, np.ones(4))
    delayed = factors(RULES["adagrad delayed"], gradients, clipper=optim.Rms())
    assert delayed[1] < 1e-3


def test_a_tables_mean_is_over_the_rows_touched():
    # Rows 1 and 4 of six: (3, 0, 0, 0) and (0, 4, 0, 0): RMS sqrt(25 / 8) = 1.767767.
    tiny = Tiny(optim.Sgd(), clippers=[optim.Rms()], rate=1.0)
    slices = np.zeros((3, 4), np.float32)
    slices[0, 0] = slices[1, 0] = 1.5
    slices[2, 1] = 4.0
    transaction = tiny.propose(np.full((3, 2), 0.1, np.float32), slices, [1, 1, 4])
    np.testing.assert_allclose(tiny.optimizer.factors(transaction), [1.0, 1 / 1.767767], rtol=1e-5)
    assert tiny.optimizer.factors(tiny.propose(values((3, 2)), SLICES[:0], []))[1] == 1


@pytest.mark.parametrize("name", [n for n in RULES if n not in ("adam",) and "rmsprop" not in n])
def test_a_rule_without_a_mean_of_squares_is_refused_for_the_gradient(name):
    with pytest.raises(
        ValueError, match="'rms' goes by its rule's mean square, since of is 'gradient', but"
    ):
        Tiny(RULES[name], clippers=[optim.Rms(of="gradient")])


def test_a_rate_of_0_is_not_an_unknown_update():
    schedule = optim.Cosine(rate=1.0, decay_steps=1)
    tiny = Tiny(optim.Sgd(), clippers=[optim.Rms()], rate=schedule)
    tiny.optimizer.step.assign(5)
    transaction = tiny.propose(values((3, 2)), SLICES, [0, 1])
    np.testing.assert_array_equal(transaction.changes[0].update, np.zeros((3, 2)))
    np.testing.assert_array_equal(tiny.optimizer.factors(transaction), [1.0, 1.0])
