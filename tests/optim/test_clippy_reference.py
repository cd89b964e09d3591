"""Clippy on Adagrad against TensorFlow Recommenders' ClippyAdagrad, and its known defects."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_recommenders.experimental.optimizers.clippy_adagrad import ClippyAdagrad
from tiny_optimizer import Tiny, values

from ranker import optim
from ranker.guard import BAD_GRADIENT, Guard

THRESHOLDS = {
    "paper": {"relative": 0.5, "absolute": 0.01},
    "theirs": {"relative": 0.1, "absolute": 1e-7},
    "accumulator": {"relative": 0.05, "absolute": 1e-3, "accumulator_relative": 0.02},
    "accumulator alone": {"relative": 0.0, "absolute": 1e-7, "accumulator_relative": 0.05},
}
RULES = {
    "delayed": {"order": "delayed"},
    "standard": {"order": "standard"},
    "clipped": {"order": "delayed", "accumulate": "clipped"},
    "epsilon": {"order": "delayed", "epsilon": 0.3, "initial_accumulator": 0.02},
}


def reference(rule, clippy, rate):
    return ClippyAdagrad(
        rate,
        initial_accumulator_value=rule.initial_accumulator,
        variable_relative_threshold=clippy.relative,
        accumulator_relative_threshold=clippy.accumulator_relative,
        absolute_threshold=clippy.absolute,
        epsilon=rule.epsilon,
        export_clipping_factors=True,
        clip_accumulator_update=rule.accumulate == "clipped",
        use_standard_accumulator_update=rule.order == "standard",
    )


@pytest.mark.parametrize(
    ("order", "thresholds"),
    [
        ("delayed", "theirs"),
        ("standard", "paper"),
        ("standard", "accumulator alone"),
        ("clipped", "accumulator"),
        ("epsilon", "paper"),
    ],
)
def test_a_hundred_steps_are_those_of_the_reference(order, thresholds):
    rule = optim.Adagrad(**RULES[order])
    clippy = optim.Clippy(**THRESHOLDS[thresholds], targets="all")
    ours = Tiny(rule, clippers=[clippy], rate=0.3)
    theirs = [tf.Variable(ours.kernel), tf.Variable(ours.table)]
    oracle = reference(rule, clippy, 0.3)
    oracle.build(theirs)

    @tf.function(reduce_retracing=True)
    def both(kernel, slices, ids):
        indexed = tf.IndexedSlices(slices, ids, (6, 4))
        oracle.apply_gradients(zip([kernel, indexed], theirs, strict=True))
        transaction = ours.optimizer.propose([kernel, indexed])
        transaction.commit(accept=tf.constant(True))
        return ours.optimizer.factors(transaction), tf.stack(oracle.clipping_factors)

    random = np.random.default_rng(7)
    factors = []
    for step in range(100):
        size = 10.0 ** random.uniform(-3, 1)
        ids = tf.constant(random.integers(0, 6, 5), tf.int32)
        kernel, slices = values((3, 2), seed=step, size=size), values((5, 4), seed=step, size=size)
        factors.append(both(tf.constant(kernel), tf.constant(slices), ids))
    got, expected = np.array(factors).swapaxes(0, 1)
    assert (got < 1).any()
    np.testing.assert_allclose(got, expected, rtol=1e-4)
    np.testing.assert_allclose(ours.kernel, theirs[0], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(ours.table, theirs[1], rtol=1e-4, atol=1e-6)
    accumulators = [v for name, v in ours.optimizer.variables.items() if "accumulator" in name]
    for mine, other in zip(accumulators, oracle._accumulators, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4)


def test_a_zero_bias_moves_at_once():
    bias = tf.Variable([0.0, 5.0])
    group = optim.Group(
        name="dense",
        variables={"bias": bias},
        rule=optim.Adagrad(order="delayed"),
        schedule=optim.Constant(rate=0.1),
    )
    optimizer = optim.Optimizer([group], clippers=[optim.Clippy()])
    optimizer.propose([tf.constant([1.0, 1.0])]).commit(accept=tf.constant(True))
    # 0.1 / sqrt(0.1) = 0.316 is left to the bound of the zero, 0.01, for both.
    np.testing.assert_allclose(bias, [-0.01, 4.99], rtol=1e-5)


@pytest.mark.parametrize("absolute", [0.0, -1e-3])
def test_an_absolute_threshold_that_freezes_zeros_is_refused(absolute):
    with pytest.raises(ValueError, match=f"absolute must be > 0, got {absolute}"):
        optim.Clippy(absolute=absolute)


@pytest.mark.parametrize(
    ("order", "accumulate"), [("standard", "raw"), ("delayed", "raw"), ("delayed", "clipped")]
)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_bad_gradient_is_refused_and_poisons_nothing(bad, order, accumulate):
    """Clippy answers zeros, with a clean accumulator if that is clipped too; still refused."""
    rule = optim.Adagrad(order=order, accumulate=accumulate)
    tiny = Tiny(rule, clippers=[optim.Clippy(targets="all")])
    before = tiny.state()
    kernel, slices = values((3, 2)), values((2, 4))
    slices[1, 3] = bad
    transaction = tiny.propose(kernel, slices, [4, 2])
    np.testing.assert_array_equal(transaction.changes[1].update, np.zeros((2, 4)))
    verdict = Guard(max_refusals=1).judge(tf.zeros([2]), transaction)
    assert (verdict.reason, verdict.variable, verdict.row) == (BAD_GRADIENT, 1, 2)
    transaction.commit(accept=verdict.accept)
    assert tiny.state() == before


def test_an_outlier_does_not_poison_a_clipped_accumulator():
    raw, clipped = (
        Tiny(optim.Adagrad(order="delayed", accumulate=how), clippers=[optim.Clippy(targets="all")])
        for how in ("raw", "clipped")
    )
    for tiny in (raw, clipped):
        tiny.apply(np.full((3, 2), 1e6, np.float32), np.full((1, 4), 1e6, np.float32), [1])
    for name in ("dense/kernel/accumulator", "embeddings/kernel/accumulator"):
        assert raw.optimizer.variables[name].numpy().max() > 1e11
        assert clipped.optimizer.variables[name].numpy().max() < 10


def test_one_wild_row_starves_the_others_only_where_they_share_a_scope():
    slices = values((3, 4), seed=5, size=1e-3)
    slices[1] = 1e6
    for scope, starved in (("variable", True), ("row", False), ("coordinate", False)):
        clippy = optim.Clippy(scope=scope, targets="all")
        rule = optim.Adagrad(order="delayed")
        update = Tiny(rule, clippers=[clippy]).propose(values((3, 2)), slices, [0, 1, 2])
        moved = np.abs(update.changes[1].update.numpy()[[0, 2]]).max()
        assert (moved < 1e-8) == starved


def test_weight_decay_is_inside_the_bound():
    # w 10, rate 0.1, decay 0.9: undamped it would lose 0.9; the bound is 0.001 * 10 + 1e-4.
    tiny = Tiny(
        clippers=[optim.Clippy(relative=1e-3, absolute=1e-4, targets="all")], weight_decay=0.9
    )
    tiny.kernel.assign(tf.fill([3, 2], 10.0))
    tiny.apply(np.zeros((3, 2), np.float32), np.zeros((1, 4), np.float32), [0])
    np.testing.assert_allclose(tiny.kernel, np.full((3, 2), 10 - 0.0101), rtol=1e-6)


def test_clip_factors_need_no_state():
    layouts = {
        tuple(Tiny(clippers=clippers).optimizer.variables)
        for clippers in (
            [],
            [optim.Clippy()],
            [optim.Clippy(targets="all"), optim.Norm(max_norm=1)],
        )
    }
    assert len(layouts) == 1


def test_a_delayed_accumulator_may_not_start_at_zero():
    assert optim.Adagrad(order="standard", initial_accumulator=0.0)
    with pytest.raises(ValueError, match=r"initial_accumulator must be > 0, got 0\.0"):
        optim.Adagrad(order="delayed", initial_accumulator=0.0)
    with pytest.raises(ValueError, match=r"initial_mean_square must be > 0, got 0\.0"):
        optim.RmsProp(order="delayed")


def test_a_subset_of_gradients_and_empty_slices_keep_the_others():
    tiny = Tiny(clippers=[optim.Clippy(targets="all")])
    before = tiny.state()
    empty = tf.IndexedSlices(tf.zeros([0, 4]), tf.zeros([0], tf.int32))
    transaction = tiny.optimizer.propose([None, empty])
    transaction.commit(accept=tf.constant(True))
    after = tiny.state()
    assert {name for name in after if after[name] != before[name]} == {"step"}
    np.testing.assert_array_equal(tiny.optimizer.factors(transaction), [1, 1])


def test_the_cost_does_not_grow_with_the_table():
    """No operation of a step gives out, or reads whole, a tensor of the table's size."""
    table = tf.Variable(tf.zeros([5003, 4]))
    group = optim.Group(
        name="embeddings",
        variables={"t": table},
        rule=optim.Adagrad(),
        schedule=optim.Constant(rate=0.1),
        weight_decay=0.1,
    )
    optimizer = optim.Optimizer([group], clippers=[optim.Clippy(targets="all")])
    guard = Guard(max_refusals=1)

    @tf.function
    def step(slices, ids):
        transaction = optimizer.propose([tf.IndexedSlices(slices, ids)])
        verdict = guard.judge(tf.zeros([1]), transaction)
        transaction.commit(accept=verdict.accept)

    graph = step.get_concrete_function(tf.zeros([3, 4]), tf.constant([1, 1, 2])).graph
    graphs = [graph, *(f.graph for f in graph._functions.values() if hasattr(f, "graph"))]
    operations = [operation for g in graphs for operation in g.get_operations()]
    shapes = [tensor.shape for operation in operations for tensor in operation.outputs]
    assert not [shape for shape in shapes if shape.rank and 5003 in shape.as_list()]
