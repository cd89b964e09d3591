"""Clippy: its bound with every rule, its scopes by hand, and no defect of its reference."""

import numpy as np
import pytest
import tensorflow as tf
from tiny_optimizer import Tiny, values

from ranker import optim
from ranker.optim.clip.clipper import ClipInput
from ranker.spec.part import act

SCOPES = ["variable", "layer", "row", "coordinate"]


def share(update, before, *, name="w", clippy=None, precondition=None):
    """Returns the share that Clippy keeps of one update."""
    item = ClipInput(
        name=name,
        group="dense",
        is_table=False,
        before=tf.constant(before),
        values=tf.constant(update),
        precondition=precondition,
    )
    return act(clippy or optim.Clippy()).shares([item])[0].numpy()


@pytest.mark.parametrize("scope", SCOPES)
def test_no_update_of_any_rule_leaves_the_bound(rule, scope):
    clippy = optim.Clippy(relative=0.3, absolute=0.02, scope=scope, targets="all")
    tiny = Tiny(rule, clippers=[clippy], rate=50.0, weight_decay=0.1)
    for step, size in enumerate([0.0, 1e-30, 1.0, 1e15]):
        before = {id(tiny.kernel): tiny.kernel.numpy(), id(tiny.table): tiny.table.numpy()}
        transaction = tiny.apply(
            values((3, 2), seed=step, size=size), values((4, 4), seed=9, size=size), [5, 0, 5, 2]
        )
        for change in transaction.changes:
            old = before[id(change.variable)]
            old = old if change.rows is None else old[change.rows.numpy()]
            bound = 0.3 * np.abs(old) + 0.02
            assert (np.abs(change.update.numpy()) <= bound * (1 + 1e-6)).all()
            assert 0 <= change.factor.numpy() <= 1


@pytest.mark.parametrize("shape", [(), (1,), (3,), (4, 5), (2, 3, 4)], ids=str)
def test_keeps_the_direction_and_all_that_the_bound_allows(shape):
    before = values(shape, seed=3)
    for size in (1e-4, 1.0, 1e8):
        update = values(shape, seed=4, size=size)
        kept = share(update, before) * update
        excess = np.abs(kept) / (0.5 * np.abs(before) + 0.01)
        full = np.abs(update) / (0.5 * np.abs(before) + 0.01)
        np.testing.assert_allclose(np.max(excess), min(1.0, np.max(full)), rtol=1e-5)
        np.testing.assert_allclose(kept * np.sum(update), update * np.sum(kept), rtol=1e-4)


def test_by_hand():
    # Bounds 0.5 * [2, 0, 4] + 0.01 = [1.01, 0.01, 2.01]; the second is left by 0.04 most.
    got = share([0.5, 0.04, -3.0], [2.0, 0.0, -4.0])
    np.testing.assert_allclose(got, 0.01 / 0.04, rtol=1e-6)
    # With 3 * precondition added: [4.01, 0.61, 2.01]; the third is left by 3.
    clippy = optim.Clippy(accumulator_relative=3.0)
    got = share(
        [0.5, 0.04, -3.0], [2.0, 0.0, -4.0], clippy=clippy, precondition=tf.constant([1, 0.2, 0.0])
    )
    np.testing.assert_allclose(got, 2.01 / 3, rtol=1e-6)


def test_scopes_by_hand():
    # Bounds of ones: 0.51. A row is slowed by its own worst element, a coordinate by itself.
    update, ones = [[0.51, 1.02], [0.1, 5.1]], np.ones((2, 2), np.float32)
    by_row = share(update, ones, clippy=optim.Clippy(scope="row"))
    np.testing.assert_allclose(by_row, [[0.5], [0.1]], rtol=1e-6)
    by_coordinate = share(update, ones, clippy=optim.Clippy(scope="coordinate"))
    np.testing.assert_allclose(by_coordinate, [[1.0, 0.5], [1.0, 0.1]], rtol=1e-6)


def test_a_layer_is_what_names_share_up_to_the_last_slash():
    names = ["expert/0/kernel", "expert/0/bias", "expert/1/kernel", "kernel", "bias"]
    sizes = [1.02, 2.04, 5.1, 0.3, 0.51 * 8]
    items = [
        ClipInput(name, "dense", False, tf.ones([2]), tf.constant([size, 0.1]))
        for name, size in zip(names, sizes, strict=True)
    ]
    shares = act(optim.Clippy(scope="layer")).shares(items)
    # Kernel and bias share 0.51 / 2.04; a name without a slash is a layer of its own.
    np.testing.assert_allclose(shares, [0.25, 0.25, 0.1, 1.0, 0.125], rtol=1e-6)
    tables = [item._replace(is_table=True) for item in items]
    shares = act(optim.Clippy(scope="layer")).shares(tables)
    np.testing.assert_allclose(shares, [0.5, 0.25, 0.1, 1.0, 0.125], rtol=1e-6)
    shares = act(optim.Clippy(scope="variable")).shares(items)
    np.testing.assert_allclose(shares, [0.5, 0.25, 0.1, 1.0, 0.125], rtol=1e-6)


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_of_what_is_not_finite_it_keeps_nothing(scope, bad):
    update = values((3, 2), seed=1)
    update[1, 0] = bad
    got = np.broadcast_to(
        share(update, np.ones((3, 2), np.float32), clippy=optim.Clippy(scope=scope)), (3, 2)
    )
    expected = {"row": [1], "coordinate": [1]}.get(scope, [0, 1, 2])
    assert (got[expected] == 0).any(axis=1).all()
    assert np.isfinite(got).all()


@pytest.mark.parametrize("rule_without", [optim.Adam(), optim.Sgd(momentum=0.5)], ids=repr)
def test_a_rule_without_precondition_refuses_the_third_threshold(rule_without):
    with pytest.raises(ValueError, match=r"accumulator_relative is 0\.25, but the rule of dense"):
        Tiny(rule_without, clippers=[optim.Clippy(accumulator_relative=0.25)])


def test_embeddings_are_clipped_only_on_request():
    for targets, clipped in (
        ("dense", [True, False]),
        ("embeddings", [False, True]),
        ("all", [True, True]),
    ):
        tiny = Tiny(clippers=[optim.Clippy(targets=targets)], rate=100.0)
        transaction = tiny.propose(values((3, 2)), values((2, 4)), [0, 3])
        factors = tiny.optimizer.factors(transaction).numpy()
        assert (factors < 1).tolist() == clipped


@pytest.mark.runs
def test_thresholds_may_be_variables_of_a_compiled_step():
    relative, rate = tf.Variable(0.5), tf.Variable(1.0)
    clippy = optim.Clippy(relative=relative, absolute=1e-6)
    weight = tf.Variable([1.0])
    group = optim.Group(
        name="dense",
        variables={"w": weight},
        rule=optim.Sgd(),
        schedule=optim.Constant(rate=rate),
    )
    optimizer = optim.Optimizer([group], clippers=[clippy])
    update = tf.function(lambda g: optimizer.propose([g]).changes[0].update)
    for share_allowed, step_size, expected in (
        (0.5, 1.0, 0.5),
        (0.25, 1.0, 0.25),
        (0.25, 0.1, 0.1),
    ):
        relative.assign(share_allowed)
        rate.assign(step_size)
        np.testing.assert_allclose(update(tf.constant([1.0])), [expected], rtol=1e-5)
    assert update.experimental_get_tracing_count() == 1
