"""The model's matrix products, forward and backward, and nothing else: the least a step takes."""

import itertools
from collections.abc import Callable

import tensorflow as tf

from benchmarks.peers import workload


def turn(batch_size: int, dtype: str = "float32") -> Callable[[], None]:
    """Returns what does the products of all batches of a turn."""
    kind = tf.as_dtype(dtype)
    shapes = _shapes()

    def draw(*shape: int) -> tf.Tensor:
        return tf.cast(tf.random.normal(shape), kind)

    inputs = {num_in: draw(batch_size, num_in) for num_in, _ in shapes}
    # A gradient of its own for each: two products of the same tensors would be done once.
    drawn = [(n, draw(n, units), draw(batch_size, units)) for n, units in shapes]

    def products() -> tf.Tensor:
        sums = []
        for num_in, weight, gradient in drawn:
            x = inputs[num_in]
            sums.append(tf.linalg.matmul(x, weight)[0, 0])
            sums.append(tf.linalg.matmul(gradient, weight, transpose_b=True)[0, 0])
            sums.append(tf.linalg.matmul(x, gradient, transpose_a=True)[0, 0])
        return tf.add_n(sums)

    num_batches = workload.NUM_EXAMPLES // batch_size

    @tf.function(autograph=False)
    def loop(batches: tf.Tensor) -> tf.Tensor:
        return tf.while_loop(
            lambda k, _: k < batches,
            lambda k, total: (k + 1, total + products()),
            (0, tf.zeros([], kind)),
            parallel_iterations=1,
        )[1]

    def run() -> None:
        loop(tf.constant(num_batches)).numpy()

    return run


def _shapes() -> list[tuple[int, int]]:
    """Returns (in, out) of each kernel that a batch passes through."""
    width = workload.NUM_FIELDS * workload.WIDTH
    expert = [width, *workload.EXPERT_UNITS]
    tower = [workload.EXPERT_UNITS[-1], *workload.TOWER_UNITS, 1]
    shapes = [*itertools.pairwise(expert)] * workload.NUM_EXPERTS
    shapes += [*itertools.pairwise(tower)] * len(workload.TASKS)
    return shapes + [(width, workload.NUM_EXPERTS)] * len(workload.TASKS)
