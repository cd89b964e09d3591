"""Under `apply`: against Keras 3 and `ranker.optim`, and what moves nothing."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras3_models import gradients, rows, state, values, variables

from ranker import optim
from ranker.keras3 import GuardedOptimizer

OF_KERAS = keras.optimizers
PAIRS = {
    "adagrad": (
        optim.Adagrad(initial_accumulator=0.2, epsilon=1e-3),
        OF_KERAS.Adagrad(0.3, initial_accumulator_value=0.2, epsilon=1e-3),
    ),
    "sgd": (optim.Sgd(), OF_KERAS.SGD(0.3)),
    "momentum": (optim.Sgd(momentum=0.75), OF_KERAS.SGD(0.3, momentum=0.75)),
    "adam": (optim.Adam(beta_1=0.8, epsilon=1e-4), OF_KERAS.Adam(0.3, beta_1=0.8, epsilon=1e-4)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_without_clippers_it_is_that_of_keras(name):
    rule, theirs = PAIRS[name]
    ours = GuardedOptimizer(rule, 0.3)
    # Of a table Keras squares each slice before it sums repeated rows, so none repeats here; and
    # where a slot remembers it moves the rows too that no slice is of: dense alone.
    num = 1 if name in ("momentum", "adam") else 2
    mine, others = variables()[:num], variables()[:num]
    for step in range(8):
        given = gradients(step, size=10.0 ** (step % 4 - 2), repeats=False)[:num]
        ours.apply(given, mine)
        theirs.apply(given, others)
        for one, other in zip(mine, others, strict=True):
            np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=2e-5, atol=1e-6)
    assert int(ours.committed) == int(ours.iterations) == int(theirs.iterations) == 8


def test_the_bits_are_those_of_ranker_optim():
    clippers = [optim.GlobalNorm(max_norm=2.0), optim.Clippy(targets="all", relative=0.2)]
    rate = optim.Cosine(rate=0.3, decay_steps=20, warmup_steps=3)
    ours = GuardedOptimizer(optim.Adam(), rate, clippers=clippers, weight_decay=0.01)
    mine = variables()
    kernel, table = (tf.Variable(v.numpy()) for v in mine)
    alike = {"rule": optim.Adam(), "schedule": rate, "weight_decay": 0.01}
    groups = [
        optim.Group(name="dense", variables={"tower/kernel": kernel}, **alike),
        optim.Group(name="embeddings", variables={"user/embeddings": table}, **alike),
    ]
    core = optim.Optimizer(groups, clippers=clippers)
    smallest = 1.0
    for step in range(10):
        given = gradients(step, size=10.0 ** (step % 4 - 2))
        ours.apply(given, mine)
        core.propose(given).commit(accept=tf.constant(True))
        for one, other in zip(mine, (kernel, table), strict=True):
            assert one.numpy().tobytes() == other.numpy().tobytes()
        smallest = min(smallest, *ours.clip_factors().values())
    assert smallest < 0.5


def stepping(optimizer, trained, *, is_compiled):
    """Returns what takes a step, in a graph or without one."""

    def run(given):
        optimizer.apply(given, trained)

    return tf.function(run, reduce_retracing=True) if is_compiled else run


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("is_compiled", [False, True])
def test_what_is_not_finite_moves_nothing_and_the_next_goes_on(bad, place, is_compiled):
    both = []
    for is_disturbed in (False, True):
        trained = variables()
        clippers = [optim.GlobalNorm(max_norm=5.0), optim.Clippy(targets="all")]
        schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)
        optimizer = GuardedOptimizer(optim.Adam(), schedule, clippers=clippers)
        optimizer.build(trained)

        run = stepping(optimizer, trained, is_compiled=is_compiled)
        run(gradients(1))
        if is_disturbed:
            before = state(optimizer, trained)
            given = gradients(2)
            values_of = given[place].values if place else given[place]
            spoiled = values_of.numpy()
            spoiled[1, 1] = bad
            again = rows(spoiled, given[1].indices) if place else tf.constant(spoiled)
            run([*given[:place], again, *given[place + 1 :]])
            assert state(optimizer, trained) == before
            assert (int(optimizer.refused), int(optimizer.refused_in_a_row)) == (1, 1)
            assert (int(optimizer.committed), int(optimizer.iterations)) == (1, 2)
            assert float(optimizer.learning_rate) == np.float32(0.05)
        run(gradients(3))
        both.append(state(optimizer, trained))
    assert both[0] == both[1]


def test_paths_tell_tables_from_dense_variables():
    trained = variables()
    clippers = [optim.Value(max_value=0.25, targets="embeddings")]
    optimizer = GuardedOptimizer(optim.Sgd(), 1.0, clippers=clippers)
    optimizer.apply([tf.ones([3, 2]), rows(np.ones((2, 4), np.float32), [5, 5])], trained)
    np.testing.assert_allclose(trained[0].numpy(), values((3, 2), seed=0) - 1, rtol=1e-5)
    np.testing.assert_allclose(trained[1].numpy()[5], values((6, 4), seed=1)[5] - 0.25, rtol=1e-5)
    np.testing.assert_array_equal(trained[1].numpy()[:5], values((6, 4), seed=1)[:5])
    assert optimizer.clip_factors() == {"tower/kernel": 1.0, "user/embeddings": 0.125}


def test_a_part_of_the_variables_may_come_alone():
    trained = variables()
    optimizer = GuardedOptimizer(optim.Sgd(), 1.0)
    optimizer.build(trained)
    optimizer.apply([tf.ones([3, 2])], trained[:1])
    np.testing.assert_allclose(trained[0].numpy(), values((3, 2), seed=0) - 1, rtol=1e-6)
    np.testing.assert_array_equal(trained[1].numpy(), values((6, 4), seed=1))


def test_too_many_refusals_raise_and_say_what_the_last_was():
    trained = variables()
    optimizer = GuardedOptimizer(optim.Adagrad(), 0.1, max_refusals=2)
    bad = [tf.zeros([3, 2]), rows(np.full((1, 4), np.inf, np.float32), [4])]
    optimizer.apply(bad, trained)
    said = r"(?s)2 attempts in a row refused.*gradient not finite.*user/embeddings.*row.*4"
    with pytest.raises(tf.errors.InvalidArgumentError, match=said):
        optimizer.apply(bad, trained)


OFF = ("clipnorm", "use_ema", "loss_scale_factor", "gradient_accumulation_steps")


@pytest.mark.parametrize("name", OFF)
def test_what_keras_offers_and_nothing_reads_is_refused(name):
    with pytest.raises(ValueError, match=f"^GuardedOptimizer: {name}=4 would not be read: "):
        GuardedOptimizer(optim.Sgd(), 0.1, **{name: 4})
    made = GuardedOptimizer(optim.Sgd(), 0.1, **{name: None})
    with pytest.raises(ValueError, match=f"^GuardedOptimizer: {name}=4 would not be read: "):
        setattr(made, name, 4)


def test_what_it_cannot_do_is_refused(monkeypatch):
    optimizer = GuardedOptimizer(optim.Sgd(), 1.0, name="mine")
    trained = variables()
    optimizer.build(trained)
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    with strategy.scope(), pytest.raises(ValueError, match=r"mine: no strategy, but .*OneDevice"):
        optimizer.apply(gradients(1), trained)
    with pytest.raises(ValueError, match="tower/kernel is given 2 times; add its gradients up"):
        optimizer.apply([tf.ones([3, 2])] * 2, [trained[0]] * 2)
    slices = tf.IndexedSlices(tf.ones([1, 2]), tf.constant([0]), (3, 2))
    with pytest.raises(ValueError, match="gradient of tower/kernel is sparse, but tables="):
        optimizer.apply([slices], trained[:1])
    bounded = keras.Variable([1.0], name="w")
    bounded.constraint = keras.constraints.NonNeg()
    with pytest.raises(ValueError, match=r"^w has the constraint .*NonNeg"):
        GuardedOptimizer(optim.Sgd(), 1.0).build([bounded])
    with pytest.raises(ValueError, match=r"learning_rate must be finite and >= 0, got -0.5"):
        GuardedOptimizer(optim.Sgd(), -0.5)
    with pytest.raises(TypeError, match=r"did you mean Adam\("):
        GuardedOptimizer(keras.optimizers.Adam(), 0.1)
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ValueError, match="TensorFlow backend only, and this is jax: set KERAS_"):
        GuardedOptimizer(optim.Sgd(), 1.0)
