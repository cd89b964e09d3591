"""Norms from 1e-30 to 1e30, shares that never repair, checks that NaN does not pass."""

import math

import numpy as np
import pytest
import tensorflow as tf

from ranker import numerics

SIZES = [0.0, 1e-30, 1e-6, 1.0, 1e6, 1e30]
BAD = [math.nan, math.inf, -math.inf]


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("size", [1, 2, 7, 8, 100])
def test_no_bad_number_is_surely_finite(size, bad):
    for place in {0, size // 2, size - 1}:
        values = np.ones(size, np.float32)
        values[place] = bad
        assert not numerics.surely_finite([tf.ones([3]), tf.constant(values)])


def test_infinities_of_both_signs_do_not_cancel():
    assert not numerics.surely_finite([tf.constant([math.inf, -math.inf])])


def test_large_finite_numbers_are_not_surely_finite():
    assert numerics.surely_finite([tf.constant([3e38])])
    assert not numerics.surely_finite([tf.fill([4], 3e38)])  # the sum overflows: look closely


@pytest.mark.parametrize("shape", [(0,), (0, 3)])
def test_nothing_is_finite(shape):
    assert numerics.surely_finite([tf.zeros(shape)])
    assert numerics.surely_finite([])


@pytest.mark.parametrize("size", SIZES)
def test_norm_is_right_at_every_size(size):
    tensor = tf.constant([3.0, -4.0]) * size
    np.testing.assert_allclose(numerics.norm(tensor), 5 * size, rtol=1e-6)
    columns = numerics.norm(tf.constant([[3.0, 0.0], [4.0, 2.0]]) * size, [0])
    np.testing.assert_allclose(columns, [[5 * size, 2 * size]], rtol=1e-6)


def test_norms_survive_an_overflowing_square():
    got = numerics.norms([tf.constant([3e30, 4e30]), tf.constant([3.0, 4.0]), tf.zeros([0])])
    np.testing.assert_allclose(got, [5e30, 5.0, 0.0], rtol=1e-6)


@pytest.mark.parametrize("bad", BAD)
def test_the_norm_of_what_is_not_finite_is_nan(bad):
    tensors = [tf.constant([1.0, bad]), tf.constant([3.0, 4.0])]
    np.testing.assert_allclose(numerics.norms(tensors), [math.nan, 5.0])


@pytest.mark.parametrize("size", SIZES)
def test_a_hypotenuse_is_right_at_every_size_elementwise(size):
    got = numerics.hypotenuse(tf.constant([3.0, 0.0]) * size, tf.constant([-4.0, 2.0]) * size)
    np.testing.assert_allclose(got, [5 * size, 2 * size], rtol=1e-6)


def test_a_positive_number_is_neither_0_nor_unknown():
    numbers = [0.0, -1.0, 1e-30, 1e30, math.inf, -math.inf, math.nan]
    got = numerics.is_positive(tf.constant(numbers)).numpy().tolist()
    assert got == [False, False, True, True, False, False, False]


@pytest.mark.parametrize(
    ("size", "limit", "share"),
    [
        (0.0, 2.0, 1.0),
        (2.0, 2.0, 1.0),
        (8.0, 2.0, 0.25),
        (1e30, 1e-2, 1e-32),
        (-math.inf, 2.0, 1.0),
        (math.nan, 2.0, 0.0),
        (math.inf, 2.0, 0.0),
        (1.0, math.nan, 0.0),
        (1.0, math.inf, 0.0),
    ],
)
def test_share_within_a_limit(size, limit, share):
    got = numerics.share_within(tf.constant(size), tf.constant(limit))
    np.testing.assert_allclose(got, share, rtol=1e-6)


def test_share_divides_by_no_less_than_the_smallest_size():
    # 1e-7 / max(4e-7, 1e-6) = 0.1, not 0.25.
    got = numerics.share_within(tf.constant(4e-7), 1e-7, smallest=1e-6)
    np.testing.assert_allclose(got, 0.1, rtol=1e-6)


def test_a_choice_is_one_operation_and_does_what_its_branch_does():
    written = tf.Variable(0.0)

    def write(value):
        written.assign(value)
        return tf.constant(value), [tf.constant(-value)]

    @tf.function(autograph=False)
    def chosen(predicate):
        return numerics.choose(predicate, lambda: write(1.0), lambda: write(2.0))

    for predicate, value in ((True, 1.0), (False, 2.0)):
        for choice in (
            chosen(tf.constant(predicate)),
            numerics.choose(tf.constant(predicate), lambda: write(1.0), lambda: write(2.0)),
        ):
            assert [float(t) for t in tf.nest.flatten(choice)] == [value, -value]
        assert written.numpy() == value
    nodes = chosen.get_concrete_function(tf.constant(True)).graph.as_graph_def().node
    (made,) = [node for node in nodes if node.op == "If"]
    assert "_lower_using_switch_merge" not in made.attr


@pytest.mark.parametrize("width", [1, 31, 32, 100])
def test_rows_are_added_in_the_order_given_bit_for_bit(width):
    rng = np.random.default_rng(0)
    values = (rng.normal(size=(6, width)) * 10.0 ** rng.integers(-6, 6, (6, 1))).astype(np.float32)
    of, at = rng.integers(0, 6, 50), rng.integers(0, 4, 50)
    expected = np.zeros((5, width), np.float32)
    for source, target in zip(of, at, strict=True):
        expected[target] += values[source]
    got = numerics.add_rows(tf.constant(values), tf.constant(of), tf.constant(at), 5)
    np.testing.assert_array_equal(got, expected)


def test_the_gradient_of_added_rows_is_that_of_gathering_and_summing():
    rng = np.random.default_rng(0)
    values = tf.constant(rng.normal(size=(6, 40)))
    of, at = tf.constant(rng.integers(0, 6, 50)), tf.constant(rng.integers(0, 4, 50))
    upstream = tf.constant(rng.normal(size=(5, 40)))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(values)
        ours = tf.reduce_sum(upstream * numerics.add_rows(values, of, at, 5) ** 2)
        plain = tf.math.unsorted_segment_sum(tf.gather(values, of), at, 5)
        theirs = tf.reduce_sum(upstream * plain**2)
    np.testing.assert_allclose(
        tape.gradient(ours, values), tf.convert_to_tensor(tape.gradient(theirs, values)), rtol=1e-12
    )


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_number_spreads_to_the_sums_that_it_is_in_alone(bad):
    values = np.ones((3, 33), np.float32)
    values[1, 32] = bad
    got = numerics.add_rows(tf.constant(values), tf.constant([0, 1, 2]), tf.constant([0, 1, 0]), 3)
    np.testing.assert_array_equal(got[:, 32], [2, bad, 0])
    assert tf.reduce_all(tf.math.is_finite(got[:, :32]))


def test_adds_nothing_of_nothing():
    none = tf.zeros([0], tf.int32)
    assert numerics.add_rows(tf.zeros([0, 3]), none, none, 2).numpy().tolist() == [[0] * 3] * 2
    assert numerics.add_rows(tf.ones([4, 3]), none, none, 0).shape == (0, 3)


def test_rows_of_an_unknown_width_are_refused():
    with pytest.raises(ValueError, match="their width must be known"):
        tf.function(numerics.add_rows).get_concrete_function(
            tf.TensorSpec([None, None]), *[tf.TensorSpec([None], tf.int32)] * 2, 3
        )


def test_the_gradient_of_sums_of_rows_may_come_without_its_width():
    @tf.function(autograph=False)
    def gradient(values):
        with tf.GradientTape() as tape:
            tape.watch(values)
            sums = numerics.add_rows(values, tf.constant([0, 1, 1]), tf.constant([1, 0, 1]), 2)
        upstream = tf.constant([[1.0, 2.0], [3.0, 4.0]])
        unknown = tf.raw_ops.PlaceholderWithDefault(input=upstream, shape=[None, None])
        return tape.gradient(sums, values, output_gradients=unknown)

    np.testing.assert_array_equal(gradient(tf.zeros([2, 2])), [[3.0, 4.0], [4.0, 6.0]])
