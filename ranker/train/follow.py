"""What a method learns of a step after it: the losses on the same batch, once it is committed."""

from collections.abc import Callable

import tensorflow as tf

from ranker.objective.aggregate.aggregation import Aggregation
from ranker.optim.transaction import Transaction


def follow(
    aggregation: Aggregation,
    before: tf.Tensor,
    losses: Callable[[], tf.Tensor],
    accept: tf.Tensor,
) -> None:
    """Lets a method that has `follow` see the losses after the step; nothing for any other.

    What it remembers is written if the step was accepted and the losses are finite, both times.

    Args:
      before: the losses [T] that the step was made of.
      losses: computes them again, [T].
      accept: whether the step was committed, a bool scalar.
    """
    takes = getattr(aggregation, "follow", None)
    if takes is None:
        return
    after, transaction = losses(), Transaction()
    takes(before, after, transaction)
    is_finite = tf.reduce_all(tf.math.is_finite(before) & tf.math.is_finite(after))
    transaction.commit(accept=accept & is_finite)
