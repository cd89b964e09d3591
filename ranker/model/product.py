"""Tasks of which one presupposes another: the chance of both, over the whole space."""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from ranker.schema import Task


def joint_logit(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """Returns the logit of sigmoid(first) * sigmoid(second), element by element.

    With p = 1 / ((1 + e^-a) (1 + e^-b)), the odds against are (1 - p) / p =
    e^-a + e^-b + e^-(a+b), so that

        logit(p) = -log(e^-a + e^-b + e^-(a+b))

    in which no p is ever rounded to 0 or 1. It is log p - log(1 - p) with
    log p = logsigmoid(a) + logsigmoid(b), and its derivatives are shares of a softmax,
    in [0, 1]: those of -a and of -(a+b) for a.

    Args:
      first, second: logits of one shape, float; NaN in either gives NaN.

    Source: the product is that of Ma et al. 2018, "Entire Space Multi-Task Model",
    arXiv:1804.07931, eq. 1; the logit of it is worked out above.
    """
    against = tf.stack([-first, -second, -(first + second)])
    return -tf.reduce_logsumexp(against, axis=0)


def check_products(products: Mapping[str, str], tasks: Sequence[Task]) -> None:
    """Raises ValueError for a product that is not of two binary tasks, or of another product."""
    binary = [task.name for task in tasks if task.kind == "binary"]
    for task, other in products.items():
        if task not in binary or other not in binary or other in products:
            raise ValueError(
                f"cannot make {task!r} a product with {other!r}: both must be binary tasks, and "
                f"the second no product; binary tasks: {', '.join(binary)}"
            )


def prior_rate(task: Task, tasks: Mapping[str, Task], products: Mapping[str, str]) -> float:
    """Returns the rate of 1 in what the task's own tower predicts, in (0, 1).

    For a product that is how often it happens where the other task does.
    """
    rate = task.mean
    if task.name in products:
        rate /= max(tasks[products[task.name]].mean, 1e-6)
    return min(max(rate, 1e-6), 1 - 1e-6)
