"""Rules against Keras and optax, rows against dense, and what a rule promises the guard."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest
import tensorflow as tf
from tiny_optimizer import Tiny, values

from ranker import optim
from ranker.spec.part import act

keras = tf.keras.optimizers

PAIRS = {
    "adagrad": (
        optim.Adagrad(initial_accumulator=0.3, epsilon=1e-3),
        lambda: keras.Adagrad(0.2, initial_accumulator_value=0.3, epsilon=1e-3),
    ),
    "adam": (
        optim.Adam(beta_1=0.8, beta_2=0.95, epsilon=1e-3),
        lambda: keras.Adam(0.2, beta_1=0.8, beta_2=0.95, epsilon=1e-3),
    ),
    "adamw": (optim.Adam(), lambda: keras.AdamW(0.2, weight_decay=0.05)),
    "sgd": (optim.Sgd(), lambda: keras.SGD(0.2)),
    "momentum": (optim.Sgd(momentum=0.7), lambda: keras.SGD(0.2, momentum=0.7)),
    "nesterov": (
        optim.Sgd(momentum=0.7, nesterov=True),
        lambda: keras.SGD(0.2, momentum=0.7, nesterov=True),
    ),
    "rmsprop": (
        optim.RmsProp(rho=0.8, epsilon=1e-3),
        lambda: keras.RMSprop(0.2, rho=0.8, epsilon=1e-3),
    ),
    "rmsprop momentum": (
        optim.RmsProp(rho=0.8, momentum=0.6),
        lambda: keras.RMSprop(0.2, rho=0.8, momentum=0.6),
    ),
}
# Keras moves every row of a table at every step by these rules' memory; ours only those
# touched. So each batch touches all six rows, some of them twice.
ALL_ROWS = [5, 3, 0, 3, 1, 2, 4, 0]


@pytest.mark.parametrize("name", PAIRS)
def test_trains_as_keras_does(name):
    rule, make = PAIRS[name]
    ours = Tiny(rule, rate=0.2, weight_decay=0.05 if name == "adamw" else 0.0)
    theirs = [tf.Variable(ours.kernel), tf.Variable(ours.table)]
    oracle = make()
    for step in range(6):
        kernel, slices = values((3, 2), seed=step), values((8, 4), seed=50 + step)
        ours.apply(kernel, slices, ALL_ROWS)
        indexed = tf.IndexedSlices(tf.constant(slices), tf.constant(ALL_ROWS), (6, 4))
        oracle.apply_gradients(zip([tf.constant(kernel), indexed], theirs, strict=True))
    np.testing.assert_allclose(ours.kernel, theirs[0], rtol=2e-5, atol=1e-6)
    np.testing.assert_allclose(ours.table, theirs[1], rtol=2e-5, atol=1e-6)


def test_adagrad_trains_a_table_as_keras_does_whatever_rows_are_touched():
    ours = Tiny(optim.Adagrad(initial_accumulator=0.3), rate=0.2)
    theirs = tf.Variable(ours.table)
    oracle = keras.Adagrad(0.2, initial_accumulator_value=0.3)
    for step, ids in enumerate([[1, 1, 4], [0], [], [4, 2, 4, 4]]):
        slices = values((len(ids), 4), seed=step)
        ours.apply(values((3, 2)), slices, ids)
        indexed = tf.IndexedSlices(tf.constant(slices), tf.constant(ids, tf.int32), (6, 4))
        oracle.apply_gradients([(indexed, theirs)])
    np.testing.assert_allclose(ours.table, theirs, rtol=2e-6)


def test_momentum_under_a_schedule_is_that_of_optax():
    ours = tf.Variable([1.0, -2.0])
    schedule = optim.Constant(rate=0.4, warmup_steps=4)
    group = optim.Group(
        name="dense", variables={"w": ours}, rule=optim.Sgd(momentum=0.7), schedule=schedule
    )
    optimizer = optim.Optimizer([group])
    oracle = optax.sgd(lambda step: 0.4 * jnp.minimum((step + 1) / 4, 1), momentum=0.7)
    theirs = jnp.asarray([1.0, -2.0])
    state = oracle.init(theirs)
    for step in range(6):
        gradient = values((2,), seed=step)
        optimizer.propose([tf.constant(gradient)]).commit(accept=tf.constant(True))
        updates, state = oracle.update(jnp.asarray(gradient), state, theirs)
        theirs = optax.apply_updates(theirs, updates)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_rows_train_as_the_whole_variable_does(rule):
    by_rows, whole = Tiny(rule, shape=(6, 4)), Tiny(rule, shape=(6, 4))
    whole.kernel.assign(by_rows.table)
    for step in range(4):
        slices = values((8, 4), seed=step)
        by_rows.apply(values((6, 4)), slices, ALL_ROWS)
        dense = np.zeros((6, 4), np.float32)
        np.add.at(dense, ALL_ROWS, slices)
        whole.apply(dense, slices, ALL_ROWS)
    np.testing.assert_array_equal(by_rows.table.numpy(), whole.kernel.numpy())


def test_a_row_not_touched_keeps_every_bit(rule):
    tiny = Tiny(rule, weight_decay=0.5)
    tiny.apply(values((3, 2)), values((6, 4)), [0, 1, 2, 3, 4, 5])
    tables = [v for v in [tiny.table, *tiny.optimizer.variables.values()] if v.shape == (6, 4)]
    before = [table.numpy() for table in tables]
    tiny.apply(values((3, 2)), values((3, 4)), [4, 1, 4])
    for table, old in zip(tables, before, strict=True):
        changed = (table.numpy() != old).any(axis=1)
        assert changed.tolist() == [False, True, False, False, True, False]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_reaches_a_slot_or_the_direction(rule, bad):
    """The guard counts on it: it sums slots and new values, not gradients."""
    gradient, rule = tf.constant([1.0, bad]), act(rule)
    slots = tuple(tf.fill([2], start) for start in rule.initial().values())
    advanced = rule.advance(gradient, slots)
    used = slots if rule.order == "delayed" else advanced
    direction = rule.direct(gradient, used, step=tf.constant(3, tf.int64)).values
    reached = [not np.isfinite(tensor.numpy()[1]) for tensor in (*advanced, direction)]
    assert any(reached)


def test_adagrad_by_hand():
    # Standard: G = 0.1 + 3^2 = 9.1; 0.5 * 3 / sqrt(9.1) = 0.497245.
    # Delayed: 0.5 * 3 / sqrt(0.1) = 4.743416.
    for order, moved in (("standard", 0.497245), ("delayed", 4.743416)):
        variable = tf.Variable([10.0])
        group = optim.Group(
            name="dense",
            variables={"w": variable},
            rule=optim.Adagrad(order=order, epsilon=0.0),
            schedule=optim.Constant(rate=0.5),
        )
        optimizer = optim.Optimizer([group])
        optimizer.propose([tf.constant([3.0])]).commit(accept=tf.constant(True))
        np.testing.assert_allclose(variable, [10 - moved], rtol=1e-6)
        np.testing.assert_allclose(optimizer.variables["w/accumulator"], [9.1], rtol=1e-6)
