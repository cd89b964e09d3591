"""How well the logits of a batch rank, in the graph."""

from typing import NamedTuple

import tensorflow as tf

Ranked = tuple[tf.Tensor, tf.Tensor, tf.Tensor]  # logits, labels and weights of a task, each [B]


class Ranking(NamedTuple):
    """The AUC of batches, each [N].

    Attributes:
      auc: the chance that a positive row scores above a negative one, ties half; 0 where
        a batch does not define it.
      variance: of it, were the scores drawn at random: (P + N + 1) / (12 P N), Mann and
        Whitney 1947, for P positive and N negative rows.
      is_defined: whether the batch has rows of both classes.
    """

    auc: tf.Tensor
    variance: tf.Tensor
    is_defined: tf.Tensor


def rank(logits: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> Ranking:
    """Returns the exact AUC over the rows that have a label, each counted once.

    Args:
      logits: finite. [N, B]
      labels: 0 or 1. [N, B]
      weights: a row counts if its weight is above 0. [N, B]
    """
    is_positive = (labels > 0.5) & (weights > 0)
    is_negative = (labels <= 0.5) & (weights > 0)
    negatives = tf.sort(tf.where(is_negative, logits, float("inf")))
    below = tf.searchsorted(negatives, logits, side="left")
    not_above = tf.searchsorted(negatives, logits, side="right")
    beaten = tf.where(is_positive, tf.cast(below + not_above, tf.float32), 0.0)  # twice as many
    num_positive = tf.reduce_sum(tf.cast(is_positive, tf.float32), axis=1)
    num_negative = tf.reduce_sum(tf.cast(is_negative, tf.float32), axis=1)
    pairs = num_positive * num_negative
    return Ranking(
        auc=tf.math.divide_no_nan(tf.reduce_sum(beaten, axis=1), 2.0 * pairs),
        variance=tf.math.divide_no_nan(num_positive + num_negative + 1.0, 12.0 * pairs),
        is_defined=pairs > 0,
    )
