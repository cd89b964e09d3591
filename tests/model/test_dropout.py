"""Dropout: by the seed and the position in the batch, on however many workers."""

import numpy as np
import pytest
import tensorflow as tf

from ranker.model.dense import drop


@pytest.mark.parametrize("dtype", [tf.float32, tf.bfloat16])
@pytest.mark.parametrize("shape", [(12, 1), (12, 3), (64, 7), (16, 2, 5)])
def test_each_worker_drops_what_one_would_of_its_rows(shape, dtype):
    x, seed = tf.ones(shape, dtype), tf.constant([7, 5])
    whole = drop(x, 0.4, seed=seed, salt=99)
    assert 0 < np.mean(whole.numpy() == 0) < 1
    for size in (2, 4):
        rows = shape[0] // size
        parts = [
            drop(x[:rows], 0.4, seed=tf.constant([7, 5, rank * rows]), salt=99)
            for rank in range(size)
        ]
        np.testing.assert_array_equal(tf.concat(parts, axis=0), whole)


def test_the_counter_carries_over():
    """Rows so far down that the counter's lower half may pass its end are drawn all the same."""
    x = tf.ones([4, 4])
    found = drop(x, 0.5, seed=tf.constant([1, 2, 2**31 - 4]), salt=3)
    assert set(np.unique(found)) <= {0.0, 2.0}
