"""Learning rates: numbers that callbacks may set, schedules of Keras, schedules of ours."""

import numpy as np
import pytest
import tensorflow as tf
from small_models import data, functional

from ranker import optim
from ranker.keras import GuardedOptimizer


def moves(optimizer, *, steps):
    """Returns by how much each of so many steps along a gradient of 1 moved a variable."""
    variable = tf.Variable([0.0], name="w")
    optimizer.build([variable])
    step = tf.function(lambda: optimizer.apply_gradients([(tf.constant([1.0]), variable)]))
    places = [0.0]
    for _ in range(steps):
        step()
        places.append(float(variable[0]))
    return -np.diff(places)


def fit(optimizer, *callbacks, epochs=3):
    columns = data(64)
    model = functional()
    model.compile(optimizer, loss="mse")
    inputs = [columns["user"], columns["item"]]
    return model.fit(
        inputs, columns["rating"], epochs=epochs, callbacks=list(callbacks), verbose=0
    ).history


def test_a_rate_may_be_assigned_between_steps():
    optimizer = GuardedOptimizer(optim.Sgd(), 0.5)
    variable = tf.Variable([0.0], name="w")
    optimizer.build([variable])
    step = tf.function(lambda: optimizer.apply_gradients([(tf.constant([1.0]), variable)]))
    step()
    optimizer.learning_rate = 0.125
    step()
    optimizer.lr = 0.25
    step()
    np.testing.assert_allclose(variable, [-0.875])
    assert float(optimizer.learning_rate) == 0.25


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        # 0.8, halved after each two updates, in steps.
        (
            tf.keras.optimizers.schedules.ExponentialDecay(0.8, 2, 0.5, staircase=True),
            [0.8, 0.8, 0.4, 0.4, 0.2],
        ),
        (optim.Constant(rate=0.6, warmup_steps=3), [0.2, 0.4, 0.6, 0.6, 0.6]),
    ],
)
def test_a_schedule_goes_by_committed_updates(schedule, expected):
    optimizer = GuardedOptimizer(optim.Sgd(), schedule)
    np.testing.assert_allclose(float(optimizer.learning_rate), expected[0], rtol=1e-6)
    np.testing.assert_allclose(moves(optimizer, steps=2), expected[:2], rtol=1e-5)
    bad = tf.Variable([0.0], name="w")
    other = GuardedOptimizer(optim.Sgd(), schedule)
    for gradient, rate in zip(
        [1.0, np.nan, 1.0, 1.0], [*expected[:2], *expected[1:3]], strict=True
    ):
        np.testing.assert_allclose(float(other.learning_rate), rate, rtol=1e-6)
        other.apply_gradients([(tf.constant([gradient]), bad)])
    np.testing.assert_allclose(bad, [-sum(expected[:3])], rtol=1e-5)


def test_a_rate_that_is_not_finite_is_refused_like_a_gradient():
    optimizer = GuardedOptimizer(optim.Sgd(), 0.5)
    variable = tf.Variable([0.0], name="w")
    optimizer.build([variable])
    optimizer.learning_rate.assign(np.nan)
    for _ in range(2):
        optimizer.apply_gradients([(tf.constant([1.0]), variable)])
    assert variable.numpy().tolist() == [0]
    assert int(optimizer.refused) == 2


def test_callbacks_that_set_the_rate_work_on_a_number():
    scheduler = tf.keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / 2**epoch)
    assert fit(GuardedOptimizer(optim.Adagrad(), 0.3), scheduler)["lr"] == pytest.approx(
        [0.1, 0.05, 0.025]
    )
    plateau = tf.keras.callbacks.ReduceLROnPlateau("loss", 0.5, patience=1, min_delta=1e9)
    optimizer = GuardedOptimizer(optim.Adagrad(), 0.3)
    assert fit(optimizer, plateau)["lr"] == pytest.approx([0.3, 0.3, 0.15])
    assert float(optimizer.learning_rate) == pytest.approx(0.075)


@pytest.mark.parametrize(
    "schedule",
    [optim.Constant(rate=0.2), tf.keras.optimizers.schedules.CosineDecay(0.2, 10)],
    ids=["ours", "of keras"],
)
def test_a_schedule_may_not_be_overruled(schedule):
    optimizer = GuardedOptimizer(optim.Adagrad(), schedule)
    scheduler = tf.keras.callbacks.LearningRateScheduler(lambda epoch: 0.125)
    with pytest.raises(
        TypeError, match=r"learning rate follows .* cannot be set to 0\.125; give a"
    ):
        fit(optimizer, scheduler, epochs=1)
    with pytest.raises(TypeError, match=r"cannot be set to 0\.1; give a number"):
        optimizer.learning_rate = 0.1


@pytest.mark.parametrize("rate", [np.nan, np.inf, -0.5, "0.1", True, None, [0.1]], ids=repr)
def test_a_rate_that_is_none_is_refused_when_it_is_set(rate):
    optimizer = GuardedOptimizer(optim.Sgd(), 0.5)
    for name in ("learning_rate", "lr"):
        with pytest.raises((TypeError, ValueError), match="learning_rate must be "):
            setattr(optimizer, name, rate)
    with pytest.raises((TypeError, ValueError), match="learning_rate must be "):
        GuardedOptimizer(optim.Sgd(), rate)
    assert float(optimizer.learning_rate) == 0.5


def test_a_schedule_may_be_set_before_the_first_step_and_not_later():
    optimizer = GuardedOptimizer(optim.Sgd(), 0.5)
    optimizer.learning_rate = lambda step: 0.25 * tf.cast(step + 1, tf.float32)
    np.testing.assert_allclose(moves(optimizer, steps=2), [0.25, 0.5])
    with pytest.raises(TypeError, match="follows Scheduled and cannot be set to"):
        optimizer.learning_rate = optim.Constant(rate=0.1)
    with pytest.raises(ValueError, match=r"has no arguments that a config could hold; to save it"):
        optimizer.get_config()
