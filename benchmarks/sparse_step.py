"""One optimizer step that touches 21,500 rows, in a small table and in a large one."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf
from tensorflow_recommenders.experimental.optimizers.clippy_adagrad import ClippyAdagrad

from ranker import optim

NUM_IDS, WIDTH, RATE = 21_500, 32, 0.1
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
LARGEST_OF_ALL = 1_000_000  # rows of a table of each; above, of three, for memory
NUM_BATCHES = 8
STEPS_PER_TURN = 4
FEW = "ours, Clippy on all, 8,800 rows"


def sparse_steps(num_rows: int) -> dict[str, Callable[[int], object]]:
    """Returns, by name, what takes a few steps in a table of `num_rows` x 32 of its own.

    Ids are drawn evenly with repeats: 21,500 of them are some 8,800 rows of 10,000, and
    21,270 of 1,000,000. With "8,800 rows" they are drawn from 10,000 rows at any place of the
    table, others in each batch, so as many are touched whatever its size. Gradients are large
    enough for Clippy to clip at every step.
    """
    adagrad = tf.keras.optimizers.Adagrad
    makers = {
        "ours, Clippy on all": _ours([optim.Clippy(targets="all")]),
        FEW: _ours([optim.Clippy(targets="all")]),
        "tf-keras Adagrad": _keras(lambda: adagrad(RATE)),
    }
    others = {
        "ours, no clipper": _ours([]),
        "tf-keras Adagrad, weight_decay=None": _keras(lambda: adagrad(RATE, weight_decay=None)),
        "TFRS ClippyAdagrad": _keras(lambda: ClippyAdagrad(RATE)),
        "TFRS ClippyAdagrad, weight_decay=None": _keras(
            lambda: ClippyAdagrad(RATE, weight_decay=None)
        ),
    }
    if num_rows <= LARGEST_OF_ALL:
        makers |= others
    batches, few = _batches(num_rows, among=num_rows), _batches(num_rows, among=SIZES[0])
    return {
        name: _turn(make(num_rows), few if name == FEW else batches)
        for name, make in makers.items()
    }


def _batches(num_rows: int, *, among: int) -> list[tf.IndexedSlices]:
    """Returns slices whose ids are drawn from `among` rows of the table."""
    random = np.random.default_rng(0)

    def ids() -> np.ndarray:
        drawn = random.integers(0, among, NUM_IDS)
        return drawn if among == num_rows else random.choice(num_rows, among, replace=False)[drawn]

    return [
        tf.IndexedSlices(
            tf.constant(random.normal(size=(NUM_IDS, WIDTH)), tf.float32),
            tf.constant(ids()),
            tf.constant([num_rows, WIDTH]),
        )
        for _ in range(NUM_BATCHES)
    ]


def _turn(step: Callable, batches: list[tf.IndexedSlices]) -> Callable[[int], object]:
    def turn(number: int) -> None:
        for k in range(STEPS_PER_TURN):
            batch = batches[(number * STEPS_PER_TURN + k) % NUM_BATCHES]
            step(batch.values, batch.indices)

    return turn


def _table(num_rows: int) -> tf.Variable:
    return tf.Variable(tf.random.stateless_normal([num_rows, WIDTH], seed=(0, 0), stddev=0.05))


def _ours(clippers: list[optim.Clippy]) -> Callable[[int], Callable]:
    def make(num_rows: int) -> Callable:
        group = optim.Group(
            name="embeddings",
            variables={"table": _table(num_rows)},
            rule=optim.Adagrad(),
            schedule=optim.Constant(rate=RATE),
        )
        optimizer = optim.Optimizer([group], clippers=clippers)

        @tf.function
        def step(values: tf.Tensor, ids: tf.Tensor) -> None:
            transaction = optimizer.propose([tf.IndexedSlices(values, ids)])
            transaction.commit(accept=tf.constant(True))

        return step

    return make


def _keras(make_optimizer: Callable) -> Callable[[int], Callable]:
    def make(num_rows: int) -> Callable:
        table, optimizer = _table(num_rows), make_optimizer()
        optimizer.build([table])

        @tf.function
        def step(values: tf.Tensor, ids: tf.Tensor) -> None:
            slices = tf.IndexedSlices(values, ids, tf.constant([num_rows, WIDTH]))
            optimizer.apply_gradients([(slices, table)])

        return step

    return make
