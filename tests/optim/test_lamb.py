"""LAMB's ratio by hand, against optax, and where a norm is 0, huge or unknown."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest
import tensorflow as tf
from tiny_optimizer import RULES, Tiny, values

from ranker import optim
from ranker.optim.clip.clipper import ClipInput
from ranker.spec.part import act


def scale_of(before, update, *, rate=0.5, is_table=False, scale=0.2):
    item = ClipInput(
        "v", "dense", is_table, tf.constant(before), tf.constant(update), rate=tf.constant(rate)
    )
    return act(optim.Lamb(scale=scale)).shares([item])[0].numpy()


def test_on_adagrad_by_hand():
    # w = (3, 4), g = (6, 8), accumulator 0 at first, so r = (1, 1), of length 1.41421.
    # w -= 0.1 * 0.5 * (5 / 1.41421) * r: 0.176777 each, whatever the gradient's size.
    rule = optim.Adagrad(initial_accumulator=0.0, epsilon=1e-12)
    tiny = Tiny(rule, clippers=[optim.Lamb(scale=0.1)], rate=0.5, shape=(2,))
    tiny.kernel.assign([3.0, 4.0])
    transaction = tiny.propose(np.array([6.0, 8.0], np.float32), values((1, 4)), [2])
    np.testing.assert_allclose(transaction.changes[0].update, [0.176777] * 2, rtol=1e-5)
    np.testing.assert_allclose(transaction.changes[0].factor, 0.353553, rtol=1e-5)
    assert transaction.changes[1].factor == 1  # embeddings are left alone


@pytest.mark.parametrize("rate", [0.1, 2.0])
def test_is_the_trust_ratio_of_optax(rate):
    directions = [values((4, 3), seed=1), values((5,), seed=2, size=1e-3)]
    weights = [values((4, 3), seed=3), values((5,), seed=4)]
    oracle = optax.scale_by_trust_ratio(trust_coefficient=0.3)
    state = oracle.init([jnp.asarray(w) for w in weights])
    expected, _ = oracle.update(
        [jnp.asarray(d) for d in directions], state, [jnp.asarray(w) for w in weights]
    )
    for weight, direction, wanted in zip(weights, directions, expected, strict=True):
        update = np.float32(rate) * direction
        got = update * scale_of(weight, update, rate=rate, scale=0.3)
        np.testing.assert_allclose(got, rate * np.asarray(wanted), rtol=2e-5)


def test_a_table_has_a_ratio_for_each_row_touched():
    # Lengths 5 and 10 over updates of 1 and 4, times 0.2 * 0.5.
    got = scale_of([[3.0, 4.0], [6.0, 8.0]], [[1.0, 0.0], [0.0, 4.0]], is_table=True)
    np.testing.assert_allclose(got, [[0.5], [0.25]], rtol=1e-6)
    assert (
        scale_of(np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32), is_table=True).size
        == 0
    )


def test_a_stretched_update_counts_as_a_factor_of_1():
    tiny = Tiny(optim.Sgd(), clippers=[optim.Lamb(scale=10.0)], rate=0.5, shape=(2,))
    tiny.kernel.assign([3.0, 4.0])
    transaction = tiny.propose(np.array([0.0, 0.1], np.float32), values((1, 4)), [2])
    # 10 * 0.5 * 5 along the second axis.
    np.testing.assert_allclose(transaction.changes[0].update, [0.0, 25.0], rtol=1e-6)
    np.testing.assert_array_equal(tiny.optimizer.factors(transaction), [1.0, 1.0])


def test_the_ratio_is_1_if_a_norm_is_0():
    assert scale_of([0.0, 0.0], [1.0, 2.0]) == np.float32(0.2)
    assert scale_of([1.0, 2.0], [0.0, 0.0]) == np.float32(0.2)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nothing_is_kept_if_the_variable_or_the_update_is_not_finite(bad):
    assert scale_of([1.0, bad], [1.0, 2.0]) == 0
    assert scale_of([1.0, 2.0], [bad, 1.0]) == 0


@pytest.mark.parametrize("sizes", [(1e30, 1e-30), (1e-30, 1e30), (1e30, 1e30), (1e-30, 1e-30)])
def test_a_ratio_that_overflows_leaves_a_finite_step(sizes):
    before, update = np.full(3, sizes[0], np.float32), np.full(3, sizes[1], np.float32)
    moved = update * scale_of(before, update)
    assert np.isfinite(moved).all()
    assert (moved <= 0.2 * 0.5 * before * 1.001).all()


def test_with_every_rule_a_step_is_as_long_as_the_scale_says(rule):
    tiny = Tiny(rule, clippers=[optim.Lamb(scale=0.3, targets="all")], rate=0.5)
    lengths = np.linalg.norm(tiny.kernel), np.linalg.norm(tiny.table.numpy()[4])
    changes = tiny.propose(values((3, 2), size=1e4), values((2, 4)), [4, 4]).changes
    for change, length in zip(changes, lengths, strict=True):
        np.testing.assert_allclose(np.linalg.norm(change.update), 0.15 * length, rtol=1e-5)


def test_decay_is_part_of_the_direction():
    # g = 0, so r = 0.1 * w and ||w|| / ||r|| = 10: w -= 0.3 * 0.5 * w.
    tiny = Tiny(RULES["sgd"], clippers=[optim.Lamb(scale=0.3)], rate=0.5, weight_decay=0.1)
    before = tiny.kernel.numpy()
    tiny.apply(np.zeros((3, 2), np.float32), values((1, 4)), [0])
    np.testing.assert_allclose(tiny.kernel, before * 0.85, rtol=1e-5)
