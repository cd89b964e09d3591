"""A small model of Keras 3, data with a signal, gradients, and the bytes of all state."""

import keras
import numpy as np
import tensorflow as tf

NUM_USERS = 20


def columns(num=320, *, seed=0):
    """Returns inputs, users and floats, and labels [num, 1] that follow from both."""
    random = np.random.default_rng(seed)
    user = random.integers(0, NUM_USERS, num)
    value = random.normal(size=(num, 2)).astype(np.float32)
    return [user, value], (user[:, np.newaxis] % 3 + value[:, :1]).astype(np.float32)


def model():
    keras.utils.set_random_seed(4)
    inputs = [keras.Input((), dtype="int64", name="user"), keras.Input((2,), name="value")]
    user = keras.layers.Embedding(NUM_USERS, 4, name="user_table")(inputs[0])
    hidden = keras.layers.Concatenate()([user, inputs[1]])
    hidden = keras.layers.Dense(8, activation="relu", name="hidden")(hidden)
    return keras.Model(inputs, keras.layers.Dense(1, name="top")(hidden))


def variables():
    """Returns a kernel and a table, as layers make them."""
    dense = keras.layers.Dense(2, use_bias=False, name="tower")
    dense.build((None, 3))
    table = keras.layers.Embedding(6, 4, name="user")
    table.build()
    for seed, variable in enumerate([dense.kernel, table.embeddings]):
        variable.assign(values(variable.shape, seed=seed))
    return [dense.kernel, table.embeddings]


def values(shape, *, seed, size=1.0):
    return (np.random.default_rng(seed).normal(size=shape) * size).astype(np.float32)


def gradients(seed, *, size=1.0, repeats=True):
    """Returns a dense gradient and slices, of which two are of one row if it `repeats`."""
    ids = np.random.default_rng(seed).permutation(6)[:5]
    ids[1] = ids[0] if repeats else ids[1]
    kernel, slices = (tf.constant(values(s, seed=seed, size=size)) for s in ((3, 2), (5, 4)))
    return [kernel, rows(slices, ids)]


def rows(values_of, ids):
    return tf.IndexedSlices(tf.constant(values_of), tf.constant(ids), tf.constant([6, 4]))


def state(optimizer, trained):
    """Returns the bytes of all but Keras's count of attempts and the guard's two counts."""
    own = [v for v in optimizer.variables if v is not optimizer.iterations][:-2]
    return [v.numpy().tobytes() for v in (*trained, *own)]
