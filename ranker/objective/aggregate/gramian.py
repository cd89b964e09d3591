"""Inner products of the tasks' gradients, and what weights of them make.

Most methods of task gradients need no more than the products: they say how long each task's
gradient is and which are in conflict, and what is proposed is a weighted sum.
"""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from ranker.objective.aggregate.aggregation import ByTask


def gramian(gradients: Mapping[str, ByTask], tasks: Sequence[str]) -> tf.Tensor:
    """Returns the inner products of the tasks' gradients of the shared variables, float64 [T, T].

    In float64 so that no square of a float32 overflows or is lost, and so that gradients that
    depend on each other have a Gramian of less than full rank, not one with an eigenvalue below 0.

    Args:
      gradients: by variable, then by task, as `TaskGradients.each` returns them.
    """
    products = tf.zeros([len(tasks), len(tasks)], tf.float64)
    for by_task in _shared(gradients).values():
        of_any = next(iter(by_task.values()))
        rows = [tf.reshape(by_task.get(task, tf.zeros_like(of_any)), [-1]) for task in tasks]
        flat = tf.cast(tf.stack(rows), tf.float64)
        products += tf.matmul(flat, flat, transpose_b=True)
    return products


def combined(
    gradients: Mapping[str, ByTask], weights: tf.Tensor, tasks: Sequence[str]
) -> dict[str, tf.Tensor]:
    """Returns the weighted sum of each shared variable's gradients, by the variable's name.

    What a single task has of its own is left to that task.

    Args:
      weights: of the tasks, [T].
    """
    of_task = dict(zip(tasks, tf.unstack(weights, len(tasks)), strict=True))
    return {
        name: tf.add_n([tf.cast(of_task[t], g.dtype) * g for t, g in by_task.items()])
        for name, by_task in _shared(gradients).items()
    }


def _shared(gradients: Mapping[str, ByTask]) -> dict[str, ByTask]:
    return {name: by_task for name, by_task in gradients.items() if len(by_task) > 1}
