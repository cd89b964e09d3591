"""A small batch, what there is to inject faults into, and a way to do it."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tiny_dataset import tiny_schema

from ranker.inject import Faults, FaultTargets

ON, START, STOP = 5, 4, 7  # an attempt inside the range [START, STOP)
WHEN = {"start": START, "stop": STOP}


class Rows(NamedTuple):
    features: dict
    labels: dict
    weights: dict


def rows(num_rows=64, *, seed=1):
    """Returns a batch of every kind of column of the tiny dataset."""
    draw = np.random.default_rng(seed)
    genres = draw.integers(0, 3, (num_rows, 3)).astype(np.int32)
    genres[:, 2] = -1  # padding
    return Rows(
        features={
            "user_id": draw.integers(0, 20, num_rows).astype(np.int32),
            "genres": genres,
            "user_count": draw.normal(size=num_rows).astype(np.float32),
        },
        labels={
            "like": draw.integers(0, 2, num_rows).astype(np.float32),
            "rating": draw.uniform(1, 5, num_rows).astype(np.float32),
        },
        weights={
            "like": draw.integers(0, 2, num_rows).astype(np.float32),
            "rating": np.full(num_rows, 0.5, np.float32),
        },
    )


def available():
    """Returns a kernel, a bias and a table, with slots for the kernel and the table."""
    kernel = tf.Variable([[1.0, -2.0], [3.0, 4.0], [-0.0, 5.0]])
    table = tf.Variable(np.arange(8, dtype=np.float32).reshape(4, 2))
    return FaultTargets(
        schema=tiny_schema(),
        unknown_rows={"user_id": range(20, 21), "genres": range(3, 6)},
        variables={
            "bottom/kernel": kernel,
            "bottom/bias": tf.Variable(7.0),
            "embedding/user_id": table,
        },
        tables={"embedding/user_id": table},
        slots={
            "bottom/kernel/accumulator": (tf.Variable(tf.fill((3, 2), 9.0)), 0.1),
            "embedding/user_id/accumulator": (tf.Variable(tf.fill((4, 2), 8.0)), 0.3),
        },
    )


def faults(*injectors, seed=11, available=available):
    """Returns the injectors at work on `available()`."""
    return Faults(injectors, available(), seed=seed)


def corrupt(injector, batch, *, attempt=ON, seed=11, index=0, compiled=True):
    """Returns the batch at `attempt`, as NumPy arrays, with `injector` at `index` in the list."""
    return corrupter(injector, seed=seed, index=index, compiled=compiled)(batch, attempt)


def corrupter(injector, *, seed=11, index=0, compiled=True):
    """Returns `corrupt` of one injector, traced once."""
    idle = type(injector)(**vars(injector) | {"start": 90, "stop": 91})
    with_faults = faults(*[idle] * index, injector, seed=seed)
    call = tf.function(with_faults.batch, autograph=False) if compiled else with_faults.batch

    def corrupt_one(batch, attempt):
        corrupted = call(tf.nest.map_structure(tf.constant, batch), tf.constant(attempt, tf.int64))
        return tf.nest.map_structure(lambda value: value.numpy(), corrupted)

    return corrupt_one


def bits(batch):
    """Returns the bytes of every column, by part and name."""
    return {
        f"{part}/{name}": np.asarray(column).tobytes()
        for part, columns in batch._asdict().items()
        for name, column in columns.items()
    }


def changed(before, after):
    """Returns the columns that differ by a bit."""
    old, new = bits(before), bits(after)
    return {name for name in old if old[name] != new[name]}
