"""The optimizer under `apply_gradients`: against Keras and TFRS, by hand, and what it refuses."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_recommenders.experimental.optimizers.clippy_adagrad import ClippyAdagrad

from ranker import optim
from ranker.guard import SpikeFilter
from ranker.keras import GuardedOptimizer

pytestmark = pytest.mark.runs


def values(shape, *, seed, size=1.0):
    return (np.random.default_rng(seed).normal(size=shape) * size).astype(np.float32)


def variables():
    """Returns a kernel and a table, named as layers name them."""
    return [
        tf.Variable(values((3, 2), seed=1), name="tower/kernel"),
        tf.Variable(values((6, 4), seed=2), name="user/embeddings"),
    ]


def slices(array, ids):
    return tf.IndexedSlices(tf.constant(array), tf.constant(ids, tf.int64), tf.constant([6, 4]))


def gradients(seed, *, size=1.0):
    """Returns a dense gradient and slices with a repeated row."""
    ids = np.random.default_rng(seed).integers(0, 6, 5)
    return [
        tf.constant(values((3, 2), seed=seed, size=size)),
        slices(values((5, 4), seed=seed, size=size), ids),
    ]


def apply(optimizer, given, trained):
    return optimizer.apply_gradients(zip(given, trained, strict=True))


def state(optimizer, trained):
    return [v.numpy().tobytes() for v in (*trained, *optimizer.variables)]


def assert_same_steps(ours, theirs, *, steps=40):
    """Both take the same steps in one graph; returns ours's smallest factor on the way."""
    mine, others = variables(), variables()
    for optimizer, trained in ((ours, mine), (theirs, others)):
        optimizer.build(trained)

    @tf.function(reduce_retracing=True)
    def both(kernel, table, ids):
        given = [kernel, tf.IndexedSlices(table, ids, (6, 4))]
        apply(ours, given, mine)
        apply(theirs, given, others)

    smallest = 1.0
    for step in range(steps):
        kernel, table = gradients(step, size=10.0 ** (step % 5 - 3))
        both(kernel, table.values, table.indices)
        for one, other in zip(mine, others, strict=True):
            np.testing.assert_allclose(one, other, rtol=2e-4, atol=1e-6)
        smallest = min(smallest, *ours.clip_factors().values())
    assert int(ours.iterations) == int(theirs.iterations) == steps
    return smallest


def test_adagrad_without_clippers_is_that_of_keras():
    rule = optim.Adagrad(initial_accumulator=0.2, epsilon=1e-3)
    theirs = tf.keras.optimizers.Adagrad(0.3, initial_accumulator_value=0.2, epsilon=1e-3)
    assert assert_same_steps(GuardedOptimizer(rule, 0.3), theirs) == 1.0


def test_clippy_is_that_of_tensorflow_recommenders():
    clippy = optim.Clippy(relative=0.1, absolute=1e-3, targets="all")
    ours = GuardedOptimizer(optim.Adagrad(order="delayed"), 0.2, clippers=[clippy])
    theirs = ClippyAdagrad(0.2, variable_relative_threshold=0.1, absolute_threshold=1e-3)
    theirs.weight_decay = None
    assert assert_same_steps(ours, theirs) < 0.1


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("place", ["kernel", "table"])
@pytest.mark.parametrize("is_compiled", [False, True])
def test_what_is_not_finite_moves_nothing_and_the_next_goes_on(bad, place, is_compiled):
    both = []
    for is_disturbed in (False, True):
        trained = variables()
        clippers = [optim.GlobalNorm(max_norm=5.0), optim.Clippy(targets="all")]
        optimizer = GuardedOptimizer(optim.Adam(), 0.1, clippers=clippers)
        optimizer.build(trained)

        def run(*given, optimizer=optimizer, trained=trained):
            apply(optimizer, given, trained)

        run = tf.function(run, reduce_retracing=True) if is_compiled else run
        run(*gradients(1))
        if is_disturbed:
            before = state(optimizer, trained)[:-2]
            kernel, table = gradients(2)
            spoiled = np.array(kernel if place == "kernel" else table.values)
            spoiled[1, 1] = bad
            run(*([spoiled, table] if place == "kernel" else [kernel, slices(spoiled, [0] * 5)]))
            assert state(optimizer, trained)[:-2] == before
            assert (int(optimizer.refused), int(optimizer.iterations)) == (1, 1)
            assert int(optimizer.refused_in_a_row) == 1
        run(*gradients(3))
        both.append(state(optimizer, trained)[:-2])
    assert both[0] == both[1]


def test_names_tell_tables_from_dense_variables():
    trained = variables()
    clippy = optim.Clippy(relative=0.0, absolute=1e-3)
    optimizer = GuardedOptimizer(optim.Sgd(), 1.0, clippers=[clippy])
    apply(optimizer, [tf.ones([3, 2]), slices(np.ones((1, 4), np.float32), [5])], trained)
    np.testing.assert_allclose(trained[0], values((3, 2), seed=1) - 1e-3, rtol=1e-5)
    np.testing.assert_allclose(trained[1][5], values((6, 4), seed=2)[5] - 1, rtol=1e-5)
    factors = optimizer.clip_factors()
    assert factors == {"tower/kernel": pytest.approx(1e-3), "user/embeddings": 1.0}


def test_the_pattern_of_the_tables_is_the_users():
    trained = variables()
    trained[1] = tf.Variable(trained[1], name="lookup")
    given = [None, slices(np.ones((1, 4), np.float32), [5])]
    with pytest.raises(ValueError, match="gradient of lookup is sparse, but tables='embeddings"):
        apply(GuardedOptimizer(optim.Sgd(), 1.0), given, trained)
    clippers = [optim.Value(max_value=0.25, targets="embeddings")]
    optimizer = GuardedOptimizer(optim.Sgd(), 1.0, clippers=clippers, tables="^look")
    apply(optimizer, given, trained)
    assert optimizer.clip_factors() == {"tower/kernel": 1.0, "lookup": 0.25}


def test_two_layers_of_one_name_are_two():
    trained = [tf.Variable([1.0, 2.0], name=f"a/{n}") for n in ("kernel", "bias")]
    trained += [tf.Variable([1.0, 2.0], name=f"a/{n}") for n in ("kernel", "bias")]
    trained += [tf.Variable(3.0), tf.Variable(4.0), tf.Variable(3.0, name="a_1/bias")]
    optimizer = GuardedOptimizer(optim.Sgd(), 1.0, clippers=[optim.Clippy(scope="layer")])
    apply(optimizer, [tf.zeros_like(v) for v in trained[:-1]], trained[:-1])
    names = ["a/kernel", "a/bias", "a_1/kernel", "a_1/bias", "Variable", "Variable_1"]
    assert list(optimizer.clip_factors()) == names
    other = GuardedOptimizer(optim.Sgd(), 1.0)
    other.build(trained[::-1])
    apply(other, [tf.constant(0.0)], trained[-1:])
    assert list(other.clip_factors()) == [
        *("a_1/bias", "Variable", "Variable_1", "a/bias", "a/kernel", "a_2/bias", "a_1/kernel")
    ]


def test_weight_decay_is_inside_the_bound_and_decays_only_the_rows_touched():
    trained = variables()
    for variable in trained:
        variable.assign(tf.fill(variable.shape, 10.0))
    # w 10, rate 0.1, decay 0.9: undamped it would lose 0.9; the bound is 0.001 * 10 + 1e-4.
    clippy = optim.Clippy(relative=1e-3, absolute=1e-4)
    optimizer = GuardedOptimizer(optim.Sgd(), 0.1, clippers=[clippy], weight_decay=0.9)
    apply(optimizer, [tf.zeros([3, 2]), slices(np.zeros((1, 4), np.float32), [2])], trained)
    np.testing.assert_allclose(trained[0], np.full((3, 2), 10 - 0.0101), rtol=1e-6)
    np.testing.assert_allclose(trained[1][:, 0], [10, 10, 9.1, 10, 10, 10], rtol=1e-6)


def test_the_cost_does_not_grow_with_the_table():
    table = tf.Variable(tf.zeros([5003, 4]), name="user/embeddings")
    clippers = [optim.Clippy(targets="all"), optim.GlobalNorm(max_norm=1.0)]
    optimizer = GuardedOptimizer(
        optim.Adagrad(),
        0.1,
        clippers=clippers,
        weight_decay=0.1,
        spike_filter=SpikeFilter(of="norm"),
    )
    optimizer.build([table])

    @tf.function
    def step(values, ids):
        apply(optimizer, [tf.IndexedSlices(values, ids, (5003, 4))], [table])

    graph = step.get_concrete_function(tf.zeros([3, 4]), tf.constant([1, 1, 2])).graph
    graphs = [graph, *(f.graph for f in graph._functions.values() if hasattr(f, "graph"))]
    operations = [operation for g in graphs for operation in g.get_operations()]
    shapes = [tensor.shape for operation in operations for tensor in operation.outputs]
    assert len(shapes) > 100
    assert not [shape for shape in shapes if shape.rank and 5003 in shape.as_list()]


@pytest.mark.parametrize("is_compiled", [False, True])
def test_too_many_refusals_raise_and_say_what_the_last_was(is_compiled):
    trained = variables()
    optimizer = GuardedOptimizer(optim.Adagrad(), 0.1, max_refusals=2)

    def run(*given):
        apply(optimizer, given, trained)

    run = tf.function(run, reduce_retracing=True) if is_compiled else run
    bad = [tf.zeros([3, 2]), slices(np.full((2, 4), np.inf, np.float32), [4, 1])]
    run(*bad)
    said = r"(?s)2 attempts in a row refused.*gradient not finite.*user/embeddings.*row.*4"
    with pytest.raises(tf.errors.InvalidArgumentError, match=said):
        run(*bad)
    run(*gradients(1))
    assert (int(optimizer.iterations), int(optimizer.refused_in_a_row)) == (1, 0)


def test_a_gradient_far_above_its_usual_norm_is_refused():
    trained = variables()
    spike_filter = SpikeFilter(of="norm", sigmas=3.0, window=4, minimum=3)
    optimizer = GuardedOptimizer(optim.Sgd(), 0.1, spike_filter=spike_filter)
    for size, is_accepted in ((1, True), (2, True), (6, True), (11, False), (10.9, True)):
        # 3 + 3 sqrt(7) = 10.937; of a kernel that is `size` in one place that is the norm.
        kernel = tf.constant([[size, 0], [0, 0], [0, 0]], tf.float32)
        before = int(optimizer.iterations)
        apply(optimizer, [kernel], trained[:1])
        assert (int(optimizer.iterations) - before == 1) == is_accepted


def test_a_variable_without_a_gradient_stays_and_others_move():
    trained = variables()
    optimizer = GuardedOptimizer(optim.Sgd(), 1.0)
    apply(optimizer, [None, slices(np.ones((1, 4), np.float32), [0])], trained)
    np.testing.assert_array_equal(trained[0], values((3, 2), seed=1))
    apply(optimizer, [tf.ones([3, 2])], trained[:1])
    np.testing.assert_allclose(trained[0], values((3, 2), seed=1) - 1, rtol=1e-6)
    assert int(optimizer.iterations) == 2


def test_what_it_cannot_do_is_refused():
    optimizer = GuardedOptimizer(optim.Sgd(), 1.0, name="mine")
    trained = variables()
    optimizer.build(trained[:1])
    with pytest.raises(ValueError, match="mine: not built with user/embeddings"):
        apply(optimizer, gradients(1), trained)
    with pytest.raises(ValueError, match="mine: no gradient for any of 1 variables"):
        apply(optimizer, [None], trained[:1])
    with pytest.raises(ValueError, match=r"mine: all variables decay alike, got \['bias'\]"):
        optimizer.exclude_from_weight_decay(var_names=["bias"])
    bounded = tf.Variable([1.0], name="w", constraint=tf.keras.constraints.NonNeg())
    with pytest.raises(ValueError, match=r"w has the constraint .*NonNeg"):
        GuardedOptimizer(optim.Sgd(), 1.0).build([bounded])
    idle = GuardedOptimizer(optim.Sgd(), 1.0, clippers=[optim.Clippy()])
    with pytest.raises(ValueError, match="would clip nothing: no group 'dense'"):
        idle.build(trained[1:])
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    with strategy.scope(), pytest.raises(ValueError, match=r"no strategy, but .*OneDeviceStrategy"):
        apply(optimizer, [tf.ones([3, 2])], trained[:1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"learning_rate": -0.5}, "learning_rate must be finite and >= 0, got -0.5"),
        ({"learning_rate": np.nan}, "learning_rate must be finite and >= 0, got nan"),
        ({"max_refusals": 0}, "max_refusals must be >= 1, got 0"),
        ({"spike_filter": SpikeFilter(of="both")}, "spike_filter.of must be 'norm', .* got 'both'"),
        ({"weight_decay": -0.1}, "weight_decay must be >= 0, got -0.1"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        GuardedOptimizer(**({"rule": optim.Sgd(), "learning_rate": 0.1} | arguments))
