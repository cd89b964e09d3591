"""Clippers against optax, by hand, and their promises at every size."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest
import tensorflow as tf
from tiny_optimizer import Tiny, values

from ranker import optim
from ranker.optim.clip import Clippable

SHAPES = [(), (5,), (4, 3), (3, 3, 2, 4)]
CLIPPERS = {
    "value": optim.Value(max_value=0.3),
    "norm": optim.Norm(max_norm=0.3),
    "global norm": optim.GlobalNorm(max_norm=0.3),
    "agc": optim.Agc(max_ratio=0.2),
    "clippy": optim.Clippy(),
}


def items(gradients, before=None):
    before = before or [np.ones_like(gradient) for gradient in gradients]
    return [
        Clippable(f"v/{i}", "dense", False, tf.constant(w), tf.constant(g))
        for i, (w, g) in enumerate(zip(before, gradients, strict=True))
    ]


def clip(clipper, gradients, before=None):
    """Returns the clipped gradients."""
    shares = clipper.shares(items(gradients, before))
    return [
        tf.math.multiply_no_nan(tf.constant(g), share).numpy()
        for g, share in zip(gradients, shares, strict=True)
    ]


def by_optax(transformation, gradients, before=None):
    before = [jnp.asarray(w) for w in before] if before else None
    gradients = [jnp.asarray(g) for g in gradients]
    return transformation.update(gradients, transformation.init(gradients), before)[0]


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_value_and_norms_are_those_of_optax(size):
    gradients = [values(shape, seed=i, size=size) for i, shape in enumerate(SHAPES)]
    pairs = [
        (clip(optim.Value(max_value=0.3), gradients), by_optax(optax.clip(0.3), gradients)),
        (
            clip(optim.GlobalNorm(max_norm=0.3), gradients),
            by_optax(optax.clip_by_global_norm(0.3), gradients),
        ),
        (
            clip(optim.Norm(max_norm=0.3), gradients),
            [by_optax(optax.clip_by_global_norm(0.3), [g])[0] for g in gradients],
        ),
    ]
    for got, expected in pairs:
        for mine, theirs in zip(got, expected, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-5)


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_agc_is_that_of_optax(size):
    gradients = [values(shape, seed=i, size=size) for i, shape in enumerate(SHAPES)]
    weights = [values(shape, seed=9 + i) for i, shape in enumerate(SHAPES)]
    weights[1] *= 1e-6  # below epsilon
    got = clip(optim.Agc(max_ratio=0.2, epsilon=0.03), gradients, weights)
    expected = by_optax(optax.adaptive_grad_clip(0.2, eps=0.03), gradients, weights)
    for mine, theirs in zip(got, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5)


def test_a_unit_of_a_kernel_is_a_column_and_of_a_table_a_row():
    # Weights of ones: columns of norm 2 (limit 0.4), rows of norm 1.4142 (limit 0.28284).
    kernel, gradient = np.ones((4, 2), np.float32), np.zeros((4, 2), np.float32)
    gradient[0] = [0.3, 0.8]
    item = items([gradient], [kernel])[0]
    columns = optim.Agc(max_ratio=0.2).shares([item])[0]
    np.testing.assert_allclose(columns, [[1.0, 0.5]], rtol=1e-6)
    rows = optim.Agc(max_ratio=0.2).shares([item._replace(is_table=True)])[0]
    # ||(0.3, 0.8)|| = 0.8544; 0.28284 / 0.8544 = 0.331.
    np.testing.assert_allclose(rows, [[0.331045], [1.0], [1.0], [1.0]], rtol=1e-5)


def test_the_global_norm_takes_dense_variables_and_touched_rows_together():
    # Rows summed first: 3 and 4 on row 1 is 7, with 24 dense: norm 25, so a fifth is kept.
    tiny = Tiny(optim.Sgd(), clippers=[optim.GlobalNorm(max_norm=5.0)], rate=1.0, shape=(1,))
    slices = np.zeros((2, 4), np.float32)
    slices[:, 2] = [3.0, 4.0]
    proposal = tiny.propose(np.array([24.0], np.float32), slices, [1, 1])
    np.testing.assert_allclose(proposal.changes[0].update, [4.8], rtol=1e-6)
    np.testing.assert_allclose(proposal.changes[1].update, [[0, 0, 1.4, 0]], rtol=1e-6)
    np.testing.assert_allclose(tiny.optimizer.factors(proposal), [0.2, 0.2], rtol=1e-6)


@pytest.mark.parametrize("shape", [(), (1,), (7,), (4, 3), (0, 3)], ids=str)
@pytest.mark.parametrize("name", CLIPPERS)
def test_shrinks_and_never_turns_at_any_size(name, shape):
    for size in (0.0, 1e-30, 1e-6, 1.0, 1e6, 1e30):
        gradient = values(shape, seed=2, size=size)
        (got,) = clip(CLIPPERS[name], [gradient])
        assert (np.abs(got) <= np.abs(gradient)).all()
        assert (np.sign(got) * np.sign(gradient) >= 0).all()
        assert np.isfinite(got).all()
        assert size < 1 or got.size == 0 or np.abs(got).max() > 0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", CLIPPERS)
def test_of_what_is_not_finite_nothing_is_kept(name, bad):
    gradients = [values((4, 3), seed=1), values((2,), seed=2)]
    gradients[0][1, 2] = bad
    broken, whole = clip(CLIPPERS[name], gradients)
    assert np.isfinite(broken).all()
    assert broken[1, 2] == 0
    assert np.isfinite(whole).all()
    assert (whole == 0).all() == (name == "global norm")


def test_clippers_work_in_their_order_and_multiply_their_factors():
    # 8 -> 2 by value (0.25), one step of rate 1 is 2, of which Clippy keeps 0.5 * 1 + 0.01.
    tiny = Tiny(
        optim.Sgd(),
        clippers=[optim.Clippy(), optim.Value(max_value=2.0)],
        rate=1.0,
        shape=(1,),
    )
    tiny.kernel.assign([1.0])
    proposal = tiny.propose(np.array([8.0], np.float32), values((1, 4), size=1e-3), [0])
    np.testing.assert_allclose(proposal.changes[0].update, [0.51], rtol=1e-6)
    np.testing.assert_allclose(proposal.changes[0].unclipped, [2.0], rtol=1e-6)
    np.testing.assert_allclose(proposal.changes[0].factor, 0.25 * 0.255, rtol=1e-6)
    np.testing.assert_array_equal(proposal.gradients[0].values, [8.0])


def test_a_huge_gradient_leaves_every_variable_finite(rule):
    clippers = [optim.Value(max_value=1.0, targets="all"), optim.Clippy(targets="all")]
    tiny = Tiny(rule, clippers=clippers)
    tiny.apply(np.full((3, 2), -1e30, np.float32), np.full((2, 4), 1e30, np.float32), [3, 3])
    for variable in (tiny.kernel, tiny.table, *tiny.optimizer.variables.values()):
        assert np.isfinite(variable.numpy()).all()
