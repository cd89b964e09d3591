"""A stock model of TensorFlow Recommenders, trained by `fit`."""

import numpy as np
import pytest
import tensorflow as tf
from small_models import Rating, batches, data, state

from ranker import optim
from ranker.keras import GuardedOptimizer

pytestmark = pytest.mark.runs

CLIPPERS = {
    "clippy": [optim.Clippy(relative=0.2, absolute=3e-3)],
    "global norm": [optim.GlobalNorm(max_norm=0.5)],
    "agc, then clippy": [optim.Agc(max_ratio=0.5), optim.Clippy(scope="layer")],
}


def spoiled(columns):
    """Returns the columns with a NaN among the ratings of every batch of 32."""
    rating = columns["rating"].copy()
    rating[5::32] = np.nan
    return columns | {"rating": rating}


@pytest.mark.parametrize("clippers", CLIPPERS.values(), ids=CLIPPERS)
def test_learns_and_a_nan_batch_leaves_every_weight(clippers):
    model = Rating()
    optimizer = GuardedOptimizer(optim.Adagrad(), 0.1, clippers=clippers)
    model.compile(optimizer=optimizer)
    first = model.fit(batches(data()), verbose=0).history["rmse"]
    assert min(optimizer.clip_factors().values()) < 1
    later = model.fit(batches(data()), epochs=14, verbose=0).history["rmse"]
    assert later[-1] < 0.7 * first[0]
    assert int(optimizer.iterations) == 8 * 15
    before = state(model)
    model.fit(batches(spoiled(data(64))), verbose=0)
    assert state(model)[:-2] == before[:-2]
    assert int(optimizer.refused) == 2
    model.fit(batches(data(64)), verbose=0)
    assert int(optimizer.iterations) == 8 * 15 + 2
    assert state(model)[:-2] != before[:-2]


def test_adagrad_of_keras_dies_of_the_same_batch():
    model = Rating()
    model.compile(optimizer=tf.keras.optimizers.Adagrad(0.1))
    model.fit(batches(spoiled(data(64))), verbose=0)
    assert not np.isfinite(model.trainable_variables[0]).all()


def test_ways_to_run_a_step_end_in_the_same_weights():
    weights = []
    for arguments in ({}, {"steps_per_execution": 3}, {"run_eagerly": True}):
        model = Rating()
        model.compile(optimizer=GuardedOptimizer(optim.Sgd(), 0.1), **arguments)
        model.fit(batches(data(192)), verbose=0)
        weights.append([variable.numpy() for variable in model.trainable_variables])
    for plain, *others in zip(*weights, strict=True):
        for other in others:
            np.testing.assert_allclose(plain, other, rtol=1e-4, atol=1e-6)


def test_a_model_that_gets_nothing_but_nan_stops_with_a_reason():
    model = Rating()
    model.compile(optimizer=GuardedOptimizer(optim.Adagrad(), 0.1, max_refusals=4))
    said = "4 attempts in a row refused, none was written.*gradient not finite"
    with pytest.raises(tf.errors.InvalidArgumentError, match=said):
        model.fit(batches(spoiled(data())), verbose=0)
