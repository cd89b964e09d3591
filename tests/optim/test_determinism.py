"""The same bits in every process, however the threads run."""

import os
import subprocess
import sys

import pytest

TRAIN = """
import hashlib
import numpy as np
import ranker
import tensorflow as tf
from ranker import optim

random = np.random.default_rng(0)
table = tf.Variable(tf.zeros([3000, 16]))
group = optim.Group(
    name="embeddings",
    variables={"t": table},
    rule=optim.Adagrad(),
    schedule=optim.Constant(rate=0.1),
)
optimizer = optim.Optimizer([group], clippers=[optim.Clippy(targets="all", scope="row")])

@tf.function
def step(values, ids):
    transaction = optimizer.propose([tf.IndexedSlices(values, ids)])
    transaction.commit(accept=tf.constant(True))

for number in range(8):
    size = 2000 if number % 2 else 20_000  # few repeats, then many
    values = random.normal(size=(size, 16)) * 10.0 ** random.integers(-3, 3, (size, 1))
    step(tf.constant(values, tf.float32), tf.constant(random.integers(0, 3000, size)))
print(hashlib.sha256(table.numpy().tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_every_process_gets_the_same_bits():
    digests = {
        subprocess.run(
            [sys.executable, "-c", TRAIN],
            env=os.environ | {"PYTHONPATH": os.getcwd(), "TF_NUM_INTRAOP_THREADS": str(threads)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for threads in (1, 2)
    }
    assert len(digests) == 1
