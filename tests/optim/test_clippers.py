"""Clippers against optax, by hand, and their promises at every size."""

import dataclasses
from functools import partial

import jax.numpy as jnp
import numpy as np
import optax
import pytest
import tensorflow as tf
from tiny_optimizer import CLIPPERS, Tiny, values

from ranker import optim
from ranker.optim.clip.clipper import ClipInput
from ranker.spec.part import act

SHAPES = [(), (5,), (4, 3), (3, 3, 2, 4)]
STRETCH = {"lamb", "gradient stabilizer"}
TOGETHER = {"global norm", "autoclip", "zclip", "adagc"}  # adagc: at first


def items(gradients, before=None):
    """Returns what a clipper may see of them, at either stage."""
    before = before or [np.ones_like(gradient) for gradient in gradients]
    return [
        ClipInput(
            f"v/{i}",
            "dense",
            False,
            tf.constant(w),
            tf.constant(g),
            precondition=tf.ones(g.shape),
            gradient=tf.constant(g),
            slots={"second_moment": tf.ones(g.shape)},
            mean_square=tf.ones(g.shape),
            counts=partial(tf.ones, g.shape[:1], tf.int32),
        )
        for i, (w, g) in enumerate(zip(before, gradients, strict=True))
    ]


def clip(clipper, gradients, before=None):
    """Returns the clipped gradients of a first step."""
    given, clipper = items(gradients, before), act(clipper)
    shares, _ = clipper.clip(given, clipper.initial([item.name for item in given]))
    return [
        tf.math.multiply_no_nan(tf.constant(g), share).numpy()
        for g, share in zip(gradients, shares, strict=True)
    ]


def by_optax(transformation, gradients, before=None):
    before = [jnp.asarray(w) for w in before] if before else None
    gradients = [jnp.asarray(g) for g in gradients]
    return transformation.update(gradients, transformation.init(gradients), before)[0]


@pytest.mark.runs
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
        (
            clip(optim.Rms(max_rms=0.3), gradients),
            by_optax(optax.clip_by_block_rms(0.3), gradients),
        ),
    ]
    for got, expected in pairs:
        for mine, theirs in zip(got, expected, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-5)


@pytest.mark.runs
@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_agc_is_that_of_optax(size):
    # Those of its authors, who take axis 0 of three, and what is long on one axis as a whole.
    shapes = [
        *SHAPES,
        (1, 4),
        (4, 1),
        (1,),
        (1, 1, 5),
        (2, 3, 4),
        (1, 3, 4),
        (2, 1, 4),
        (1, 1, 1, 6),
    ]
    gradients = [values(shape, seed=i, size=size) for i, shape in enumerate(shapes)]
    weights = [values(shape, seed=9 + i) for i, shape in enumerate(shapes)]
    weights[1] *= 1e-6  # below epsilon
    got = clip(optim.Agc(max_ratio=0.2, epsilon=0.03), gradients, weights)
    expected = by_optax(optax.adaptive_grad_clip(0.2, eps=0.03), gradients, weights)
    for mine, theirs in zip(got, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5)


def test_a_unit_of_more_axes_than_the_authors_have_is_all_but_the_last():
    gradient = np.zeros((2, 2, 2, 2, 2), np.float32)
    gradient[..., 0], gradient[0, 0, 0, 0, 1] = 1.0, 2.0  # norms 4 and 2; of the weights 4
    (share,) = act(optim.Agc(max_ratio=0.25)).shares(items([gradient]))
    np.testing.assert_allclose(share, np.reshape([0.25, 0.5], (1, 1, 1, 1, 2)), rtol=1e-6)


def test_a_unit_of_a_kernel_is_a_column_and_of_a_table_a_row():
    # Weights of ones: columns of norm 2 (limit 0.4), rows of norm 1.4142 (limit 0.28284).
    kernel, gradient = np.ones((4, 2), np.float32), np.zeros((4, 2), np.float32)
    gradient[0] = [0.3, 0.8]
    item = items([gradient], [kernel])[0]
    columns = act(optim.Agc(max_ratio=0.2)).shares([item])[0]
    np.testing.assert_allclose(columns, [[1.0, 0.5]], rtol=1e-6)
    rows = act(optim.Agc(max_ratio=0.2)).shares([item._replace(is_table=True)])[0]
    # ||(0.3, 0.8)|| = 0.8544; 0.28284 / 0.8544 = 0.331.
    np.testing.assert_allclose(rows, [[0.331045], [1.0], [1.0], [1.0]], rtol=1e-5)


def test_the_global_norm_takes_dense_variables_and_touched_rows_together():
    # Rows summed first: 3 and 4 on row 1 is 7, with 24 dense: norm 25, so a fifth is kept.
    tiny = Tiny(optim.Sgd(), clippers=[optim.GlobalNorm(max_norm=5.0)], rate=1.0, shape=(1,))
    slices = np.zeros((2, 4), np.float32)
    slices[:, 2] = [3.0, 4.0]
    transaction = tiny.propose(np.array([24.0], np.float32), slices, [1, 1])
    np.testing.assert_allclose(transaction.changes[0].update, [4.8], rtol=1e-6)
    np.testing.assert_allclose(transaction.changes[1].update, [[0, 0, 1.4, 0]], rtol=1e-6)
    np.testing.assert_allclose(tiny.optimizer.factors(transaction), [0.2, 0.2], rtol=1e-6)


@pytest.mark.parametrize("shape", [(), (1,), (7,), (4, 3), (0, 3)], ids=str)
@pytest.mark.parametrize("name", CLIPPERS)
def test_shrinks_and_never_turns_at_any_size(name, shape):
    if name == "cowclip" and not shape:
        shape = (1, 1)  # a table has rows
    for size in (0.0, 1e-30, 1e-6, 1.0, 1e6, 1e30):
        gradient = values(shape, seed=2, size=size)
        (got,) = clip(CLIPPERS[name], [gradient])
        assert name in STRETCH or (np.abs(got) <= np.abs(gradient)).all()
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
    assert (whole == 0).all() == (name in TOGETHER)


@pytest.mark.parametrize("name", CLIPPERS)
def test_of_a_gradient_of_zero_all_is_kept_and_it_leaves_no_statistic(name):
    given = items([np.zeros((4, 3), np.float32), np.zeros((2,), np.float32)])
    clipper = act(CLIPPERS[name])
    before = clipper.initial([item.name for item in given])
    shares, after = clipper.clip(given, before)
    for share in shares:
        assert (share.numpy() == np.float32(0.2 if name == "lamb" else 1.0)).all()
    for what, value in after.items():
        if what != "num_steps":
            np.testing.assert_array_equal(value, before[what])


def test_dense_and_embeddings_have_norms_of_their_own_by_two_clippers():
    # Dense (3, 4): norm 5, limit 2, so 0.4. Rows 6 and 8 of the table: norm 10, limit 1, so 0.1.
    limits = {"dense": 2.0, "embeddings": 1.0}
    clippers = [optim.GlobalNorm(max_norm=n, targets=group) for group, n in limits.items()]
    tiny = Tiny(optim.Sgd(), clippers=clippers, rate=1.0, shape=(2,))
    slices = np.zeros((2, 4), np.float32)
    slices[:, 1] = [6.0, 8.0]
    transaction = tiny.propose(np.array([3.0, 4.0], np.float32), slices, [0, 5])
    np.testing.assert_allclose(transaction.changes[0].update, [1.2, 1.6], rtol=1e-6)
    np.testing.assert_allclose(transaction.changes[1].update[:, 1], [0.6, 0.8], rtol=1e-6)
    np.testing.assert_allclose(tiny.optimizer.factors(transaction), [0.4, 0.1], rtol=1e-6)


def test_clippers_work_in_their_order_and_multiply_their_factors():
    # 8 -> 2 by value (0.25), one step of rate 1 is 2, of which Clippy keeps 0.5 * 1 + 0.01.
    tiny = Tiny(
        optim.Sgd(),
        clippers=[optim.Clippy(), optim.Value(max_value=2.0)],
        rate=1.0,
        shape=(1,),
    )
    tiny.kernel.assign([1.0])
    transaction = tiny.propose(np.array([8.0], np.float32), values((1, 4), size=1e-3), [0])
    np.testing.assert_allclose(transaction.changes[0].update, [0.51], rtol=1e-6)
    np.testing.assert_allclose(transaction.changes[0].unclipped, [2.0], rtol=1e-6)
    np.testing.assert_allclose(transaction.changes[0].factor, 0.25 * 0.255, rtol=1e-6)
    np.testing.assert_array_equal(transaction.gradients[0].values, [8.0])


def test_a_huge_gradient_leaves_every_variable_finite(rule):
    clippers = [optim.Value(max_value=1.0, targets="all"), optim.Clippy(targets="all")]
    tiny = Tiny(rule, clippers=clippers)
    tiny.apply(np.full((3, 2), -1e30, np.float32), np.full((2, 4), 1e30, np.float32), [3, 3])
    for variable in (tiny.kernel, tiny.table, *tiny.optimizer.variables.values()):
        assert np.isfinite(variable.numpy()).all()


@pytest.mark.runs
@pytest.mark.parametrize("name", CLIPPERS)
def test_one_compiled_graph_serves_every_number(name):
    given = items([values((4, 3), seed=1, size=5.0), values((2,), seed=2, size=0.2)])
    clipper = act(CLIPPERS[name])
    fields = {f.name: getattr(clipper, f.name) for f in dataclasses.fields(clipper) if f.init}
    numbers = {n: tf.Variable(v) for n, v in fields.items() if isinstance(v, float)}
    by_variables = dataclasses.replace(clipper, **numbers)
    statistics = clipper.initial([item.name for item in given])
    compiled = tf.function(lambda: by_variables.clip(given, statistics))
    seen = []
    for part in (1.0, 0.75):
        for number, variable in numbers.items():
            variable.assign(fields[number] * part)
        plain = dataclasses.replace(clipper, **{n: fields[n] * part for n in numbers})
        for got, expected in zip(
            tf.nest.flatten(compiled()), tf.nest.flatten(plain.clip(given, statistics)), strict=True
        ):
            np.testing.assert_allclose(got, expected, rtol=1e-5, err_msg=str(plain))
        seen.append(tf.nest.flatten(plain.clip(given, statistics)))
    assert compiled.experimental_get_tracing_count() == 1
    if name not in ("autoclip", "gradient stabilizer"):  # whose first step knows of no other
        assert any((a != b).numpy().any() for a, b in zip(*seen, strict=True))
