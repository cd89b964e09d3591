"""Faults of the losses' weights, the rates and the gradients."""

import numpy as np
import pytest
import tensorflow as tf
from sample_faults import ON, START, STOP, WHEN, faults

from ranker import inject

OFF = (0, START - 1, STOP)
PLAIN = np.float32([[1.00390625, -2], [3, 4], [-0.0, 6]])


def at(attempt):
    return tf.constant(attempt, tf.int64)


@tf.function(autograph=False)
def _weighed(with_faults, losses, attempt):
    with tf.GradientTape() as tape:
        tape.watch(losses)
        total = tf.tensordot(tf.constant([0.5, -0.0]), with_faults.losses(losses, attempt), 1)
    return with_faults.losses(losses, attempt), tape.gradient(total, losses)


def test_a_task_weighs_more_inside_the_range():
    heavy = faults(inject.TaskWeight(task="rating", factor=8.0, **WHEN))
    losses, gradient = _weighed(heavy, tf.constant([3.0, 0.5]), at(ON))
    assert losses.numpy().tolist() == [3.0, 4.0]
    assert gradient.numpy().tolist() == [0.5, 0.0]
    heavy = faults(
        inject.TaskWeight(task="*", factor=8.0, **WHEN),
        inject.TaskWeight(task="like", factor=3.0, **WHEN),
    )
    losses, gradient = _weighed(heavy, tf.constant([3.0, 0.5]), at(ON))
    assert losses.numpy().tolist() == [72.0, 4.0]
    assert gradient.numpy().tolist() == [12.0, 0.0]


@pytest.mark.parametrize("factor", [0.0, 1e30, 1e38])
@pytest.mark.parametrize("losses", [[-0.0, 1e-30], [np.nan, 2.0], [np.inf, 1e30]])
def test_a_weight_that_is_off_changes_neither_loss_nor_gradient(factor, losses):
    heavy = faults(inject.TaskWeight(task="like", factor=factor, **WHEN))
    for attempt in OFF:
        after, gradient = _weighed(heavy, tf.constant(losses), at(attempt))
        assert after.numpy().tobytes() == np.float32(losses).tobytes()
        assert gradient.numpy().tobytes() == np.float32([0.5, -0.0]).tobytes()


def rates(*injectors, attempt=ON, step=9):
    """Returns the rates of two groups: one that warms up over 100 updates to 2, one of 0.1."""

    def schedules(updates):
        risen = tf.minimum(1.0, tf.cast(updates + 1, tf.float32) / 100)
        return tf.stack([2.0 * risen, tf.constant(0.1)])

    with_faults = faults(*injectors)
    step, attempt = (tf.Variable(number, dtype=tf.int64) for number in (step, attempt))
    call = tf.function(lambda: with_faults.rates(schedules, step, attempt), autograph=False)
    return call().numpy()


def test_rates_are_scaled():
    np.testing.assert_allclose(rates(), [0.2, 0.1], rtol=1e-6)  # 2 * 10 / 100 and 0.1
    for factor in (0.3, tf.Variable(0.3)):
        scaled = rates(inject.RateScale(factor=factor, **WHEN))
        np.testing.assert_array_equal(scaled, rates() * np.float32(0.3))


@pytest.mark.parametrize(("step", "rate"), [(0, 0.08), (23, 1.92), (24, 2.0), (25, 2.0)])
def test_a_warmup_of_100_ends_after_25_updates_at_four_times_the_pace(step, rate):
    # The update after `step` others is the (step + 1)-th: 2 * 4 * (step + 1) / 100, at most 2.
    fast = inject.ShortWarmup(factor=4.0, **WHEN)
    np.testing.assert_allclose(rates(fast, step=step), [rate, 0.1], rtol=1e-6)


@pytest.mark.parametrize("factor", [1e-30, 0.3, 1e30])
def test_rates_that_are_off_are_the_same_bits(factor):
    injectors = [inject.RateScale(factor=factor, **WHEN), inject.ShortWarmup(factor=factor, **WHEN)]
    for attempt in OFF:
        for step in (0, 9, 2**24 + 1, 2**40 + 1):
            faulty = rates(*injectors, attempt=attempt, step=step)
            assert faulty.tobytes() == rates(step=step).tobytes()


def gradients(*injectors, attempt=ON, values=None):
    """Returns the gradients: dense kernel [3, 2], none for the bias, slices of the table."""
    values = PLAIN if values is None else values
    slices = tf.IndexedSlices(tf.constant(values), tf.constant([2, 0, 2]), tf.constant([4, 2]))

    with_faults = faults(*injectors)

    @tf.function(autograph=False)
    def call(attempt):
        return with_faults.gradients([tf.constant(values), None, slices], attempt)

    kernel, bias, slices = call(at(attempt))
    assert bias is None
    assert slices.indices.numpy().tolist() == [2, 0, 2]
    assert slices.dense_shape.numpy().tolist() == [4, 2]
    return kernel.numpy(), slices.values.numpy()


@pytest.mark.parametrize(
    ("where", "kernel", "table"),
    [
        ({"variable": "bottom/kernel"}, [8, 8, 8], [1, 1, 1]),
        ({"variable": "embedding/*"}, [1, 1, 1], [8, 8, 8]),
        ({}, [8, 8, 8], [8, 8, 8]),
        ({"variable": "bottom/kernel", "row": 1}, [1, 8, 1], [1, 1, 1]),
        ({"variable": "embedding/user_id", "row": 2}, [1, 1, 1], [8, 1, 8]),  # given twice
        ({"variable": "embedding/user_id", "row": 3}, [1, 1, 1], [1, 1, 1]),  # not in the batch
    ],
)
def test_a_spike_is_where_it_is_said_to_be(where, kernel, table):
    spiked = gradients(inject.GradientSpike(factor=8.0, **where, **WHEN))
    np.testing.assert_array_equal(spiked[0], PLAIN * np.float32(kernel)[:, None])
    np.testing.assert_array_equal(spiked[1], PLAIN * np.float32(table)[:, None])


def test_bfloat16_rounds_to_eight_bits_ties_to_even():
    # 1 + 2^-8 lies between 1 and 1 + 2^-7: a tie, to the even one; all others have few bits.
    odd = np.float32([[1.00390625, 1 + 3 * 2.0**-8], [3.0000002, 3e38], [-0.0, 1e-30]])
    kernel, slices = gradients(inject.Bf16(variable="bottom/*", **WHEN), values=odd)
    assert kernel[0].tolist() == [1.0, 1 + 4 * 2.0**-8]
    assert kernel[1, 0] == 3.0
    np.testing.assert_allclose(kernel, odd, rtol=2.0**-8)
    assert slices.tobytes() == odd.tobytes()


@pytest.mark.parametrize(
    "injector", [inject.GradientSpike(factor=1e38, **WHEN), inject.Bf16(**WHEN)]
)
def test_gradients_that_are_off_are_the_same_bits(injector):
    odd = np.float32([[-0.0, np.nan], [np.inf, -np.inf], [1e-38, 1.2345678]])
    for attempt in OFF:
        for values in gradients(injector, attempt=attempt, values=odd):
            assert values.tobytes() == odd.tobytes()


def test_with_no_injector_nothing_is_added():
    none = faults()
    batch, losses, gradient = object(), tf.constant([1.0]), [None]
    graph = tf.Graph()
    with graph.as_default():
        assert none.batch(batch, 0) is batch
        assert none.losses(losses, 0) is losses
        assert none.gradients(gradient, 0) is gradient
        none.write(0)
    assert graph.get_operations() == []
    assert none.begun([0]) == none.ended([0]) == {}
