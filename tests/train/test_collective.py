"""What goes out to the other workers and comes back; of one worker it comes back as it was."""

import numpy as np
import pytest
import tensorflow as tf

from ranker.train.collective import Collectives


def slices(values, rows, num_rows=50):
    values = tf.convert_to_tensor(values)
    return tf.IndexedSlices(values, tf.constant(rows), tf.constant([num_rows, *values.shape[1:]]))


def test_parts_of_all_shapes_come_back_as_they_were_but_for_repeated_rows():
    collectives = Collectives(1, 0)
    nan = np.array([[np.nan, -0.0, 1e-45], [1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], np.float32)
    double = np.arange(8.0).reshape(2, 2, 2)

    @tf.function(autograph=False)
    def run():
        parts = [
            tf.constant(1.5),
            None,
            slices(nan, [7, 3, 9]),
            tf.constant([[1, 2]], tf.int64),
            slices(double, [4, 2]),
            slices(np.ones([0, 3], np.float32), np.zeros([0], np.int32)),
            slices(np.float32([[1], [2], [4]]), np.int64([5, 6, 5])),
        ]
        return [part for part in collectives(parts) if part is not None]

    one, wide, whole, deep, none, repeated = run()
    assert (one.numpy(), whole.numpy().tolist()) == (1.5, [[1, 2]])
    assert wide.values.numpy().tobytes() == nan.tobytes()
    assert wide.indices.numpy().tolist() == [7, 3, 9]
    np.testing.assert_array_equal(deep.values, double)
    assert (none.values.shape, none.indices.shape) == ((0, 3), (0,))
    assert dict(zip(repeated.indices.numpy(), repeated.values.numpy()[:, 0], strict=True)) == {
        5: 5.0,
        6: 2.0,
    }
    assert repeated.indices.dtype == tf.int64


def test_any_number_of_rows_goes_out_call_after_call():
    collectives = Collectives(1, 0)

    @tf.function(input_signature=[tf.TensorSpec([], tf.int32)], autograph=False)
    def rows(num):
        part = tf.IndexedSlices(tf.ones([num, 1]), tf.range(num), tf.constant([9999, 1]))
        (found,) = collectives([part])
        return found.indices, found.values

    for num in (0, 1, 7, 8, 9, 15, 16, 17, 31, 500, 4_097, 5):
        indices, values = rows(num)
        np.testing.assert_array_equal(indices, np.arange(num))
        np.testing.assert_array_equal(values, np.ones([num, 1]))


def test_variables_of_all_kinds_are_sent_bit_for_bit():
    collectives = Collectives(1, 0)
    values = (np.float32([np.nan, 1e-45]), np.array(True), np.int64(7), np.zeros([0, 2], "f4"))
    variables = {str(i): tf.Variable(v) for i, v in enumerate(values)}
    collectives.send(variables)
    for variable, value in zip(variables.values(), values, strict=True):
        assert variable.numpy().tobytes() == value.tobytes()


def test_columns_are_gathered_in_order():
    collectives = Collectives(1, 0)
    one, two = collectives.gather([tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])])
    assert (one.numpy().tolist(), two.numpy().tolist()) == ([1, 2], [3, 4])
    assert collectives.gather([]) == []


def test_a_value_whose_rows_have_no_known_shape_is_refused():
    @tf.function(input_signature=[tf.TensorSpec(None, tf.float32)], autograph=False)
    def run(values):
        return Collectives(1, 0)([tf.IndexedSlices(values, tf.constant([1]))])

    with pytest.raises(ValueError, match="the shape of a row must be known"):
        run.get_concrete_function()
