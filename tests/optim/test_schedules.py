"""Schedules against optax and by hand."""

import numpy as np
import optax
import pytest
import tensorflow as tf

from ranker import optim


def rates(schedule, steps):
    return [float(schedule(tf.constant(step, tf.int64))) for step in steps]


def test_constant_and_warm_up():
    np.testing.assert_allclose(rates(optim.Constant(rate=0.3), [0, 9]), [0.3, 0.3])
    got = rates(optim.Constant(rate=0.4, warmup_steps=4), range(6))
    np.testing.assert_allclose(got, [0.1, 0.2, 0.3, 0.4, 0.4, 0.4], rtol=1e-6)
    np.testing.assert_allclose(rates(optim.Constant(rate=0.4, warmup_steps=1), [0]), [0.4])


def test_cosine_is_that_of_optax_after_its_warm_up():
    ours = optim.Cosine(rate=0.4, decay_steps=25, warmup_steps=5, final_share=0.1)
    np.testing.assert_allclose(rates(ours, range(4)), [0.08, 0.16, 0.24, 0.32], rtol=1e-6)
    theirs = optax.cosine_decay_schedule(0.4, decay_steps=20, alpha=0.1)
    expected = [float(theirs(step - 5)) for step in range(5, 30)]
    np.testing.assert_allclose(rates(ours, range(5, 30)), expected, rtol=1e-5)
    assert rates(ours, [25, 10**9]) == pytest.approx([0.04, 0.04])


def test_cosine_needs_no_warm_up():
    np.testing.assert_allclose(
        rates(optim.Cosine(rate=0.4, decay_steps=4), [0, 2, 4, 8]), [0.4, 0.2, 0, 0], atol=1e-7
    )


def test_inverse_square_root_by_hand():
    # Peak at update number 4; then 0.4 * sqrt(4 / 16) = 0.2 at number 16.
    got = rates(optim.InverseSquareRoot(rate=0.4, warmup_steps=4), [0, 1, 3, 15, 399])
    np.testing.assert_allclose(got, [0.1, 0.2, 0.4, 0.2, 0.04], rtol=1e-6)


def test_a_rate_may_be_a_variable():
    rate = tf.Variable(0.5)
    schedule = optim.Constant(rate=rate)
    compiled = tf.function(lambda step: schedule(step))
    step = tf.constant(0, tf.int64)
    assert compiled(step) == 0.5
    rate.assign(0.25)
    assert compiled(step) == 0.25


def test_a_cosine_must_end_after_its_warm_up():
    with pytest.raises(ValueError, match="decay_steps must be > 5, got 5"):
        optim.Cosine(rate=0.1, decay_steps=5, warmup_steps=5)


def test_a_schedule_since_another_step_and_its_start_over():
    start = tf.Variable(3, dtype=tf.int64)
    warm = optim.Constant(rate=0.4, warmup_steps=4)
    since = optim.Since(schedule=warm, start=start)
    np.testing.assert_allclose(rates(since, [3, 4, 7]), [0.1, 0.2, 0.4], rtol=1e-6)
    start.assign(-2)  # it began before the first step
    np.testing.assert_allclose(rates(since, [0, 1]), [0.3, 0.4], rtol=1e-6)
    shifted = since(tf.constant(-0.5, tf.float64))  # as a fault that shortens warm-up gives it
    np.testing.assert_allclose(shifted, 0.25, rtol=1e-6)
    # Start-overs go by the step itself, as those of slots do.
    start.assign(1)
    over = optim.Restarts(schedule=since, every=4, warmup_steps=1, least_share=0.0)
    np.testing.assert_allclose(rates(over, [2, 4, 5]), [0.2, 0.2, 0.4], rtol=1e-6)
    group = optim.Group(
        name="all", variables=[tf.Variable([1.0])], rule=optim.Adagrad(), schedule=over
    )
    assert optim.Optimizer([group]).variables["schedule_start"] is start
