"""Repeated ids summed first, exactly, in the order they came."""

import numpy as np
import pytest
import tensorflow as tf

from ranker.optim import rows

IDS = {
    "empty": [],
    "one": [3],
    "all different": [4, 0, 2],
    "one repeat": [4, 0, 2, 0],
    "mostly repeats": [1, 1, 1, 1, 0, 1],
    "one row for ever": [0] * 9,
}


def random(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(
    ("shape", "is_compiled"),
    [((), False), ((3,), False), ((2, 3), False), ((70,), False), ((3,), True)],
)
@pytest.mark.parametrize("ids", IDS.values(), ids=IDS)
def test_sums_repeats_bit_for_bit_in_order(ids, shape, is_compiled):
    values = random((len(ids), *shape)) * 10.0 ** np.random.default_rng(1).integers(
        -6, 6, (len(ids), *[1] * len(shape))
    ).astype(np.float32)
    touched = tf.function(rows.touched) if is_compiled else rows.touched
    got_rows, got, _ = touched(tf.IndexedSlices(tf.constant(values), tf.constant(ids, tf.int32)))
    expected_rows = list(dict.fromkeys(ids))
    expected = np.zeros((len(expected_rows), *shape), np.float32)
    for id_, value in zip(ids, values, strict=True):
        expected[expected_rows.index(id_)] += value
    assert got_rows.numpy().tolist() == expected_rows
    np.testing.assert_array_equal(got.numpy(), expected)


def test_sums_agree_with_the_segment_sum_on_a_large_batch():
    for num_rows in (50, 100_000):
        ids = np.random.default_rng(2).integers(0, num_rows, 4000)
        values = tf.constant(random((4000, 8)))
        got_rows, got, _ = rows.touched(tf.IndexedSlices(values, tf.constant(ids)))
        unique, places = tf.unique(tf.constant(ids))
        expected = tf.math.unsorted_segment_sum(values, places, tf.size(unique))
        np.testing.assert_array_equal(got_rows.numpy(), unique.numpy())
        np.testing.assert_array_equal(got.numpy(), expected.numpy())


def test_a_dense_gradient_has_no_rows():
    got_rows, got, _ = rows.touched(tf.constant([[1.0, 2.0]]))
    assert got_rows is None
    np.testing.assert_array_equal(got.numpy(), [[1.0, 2.0]])


@pytest.mark.parametrize("dtype", [tf.int32, tf.int64])
def test_writes_only_the_rows_named(dtype):
    table = tf.Variable(random((5, 2)))
    before = table.numpy()
    rows.write(table, tf.constant([[1.0, 2.0], [3.0, 4.0]]), rows=tf.constant([3, 0], dtype))
    np.testing.assert_array_equal(table.numpy()[[3, 0]], [[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(table.numpy()[[1, 2, 4]], before[[1, 2, 4]])


@pytest.mark.parametrize("ids", IDS.values(), ids=IDS)
def test_counts_how_often_each_row_came(ids):
    distinct = sorted(set(ids))
    counts = rows.count(tf.constant(ids, tf.int32), rows=tf.constant(distinct, tf.int64))
    assert counts.numpy().tolist() == [ids.count(row) for row in distinct]


def test_sums_slices_whose_width_is_not_known_when_the_graph_is_drawn():
    @tf.function(input_signature=[tf.TensorSpec([None, None]), tf.TensorSpec([None], tf.int32)])
    def sums(values, ids):
        return rows.touched(tf.IndexedSlices(values, ids))[1]

    values, ids = random((9, 3)), [1, 1, 1, 4, 0, 1, 4, 4, 1]
    expected = rows.touched(tf.IndexedSlices(tf.constant(values), tf.constant(ids)))[1]
    np.testing.assert_array_equal(sums(values, ids), expected)
