"""Multi-valued features: what a batch has of them, and sums of their rows."""

from typing import NamedTuple

import tensorflow as tf

from ranker.numerics import add_rows


class Values(NamedTuple):
    """The values that the B examples of a batch have of a multi-valued feature, J in all.

    Attributes:
      rows: the rows they are of, each once, in any order, [U].
      indices: where the row of each value is in `rows`, [J].
      examples: whose it is, ascending, int64 [J].
      counts: how many each example has, int32 [B].
    """

    rows: tf.Tensor
    indices: tf.Tensor
    examples: tf.Tensor
    counts: tf.Tensor


def read(rows: tf.Tensor, num_rows: int) -> Values:
    """Returns what `rows` [B, L] hold; of a table of `num_rows`, and -1 is no row."""
    is_value = rows >= 0
    distinct, indices = _distinct(present(rows), num_rows)
    counts = tf.reduce_sum(tf.cast(is_value, tf.int32), axis=1)
    return Values(distinct, indices, tf.where(is_value)[:, 0], counts)


def embed(table: tf.Variable, values: tf.Tensor | Values, *, power: float = 1.0) -> tf.Tensor:
    """Returns each example's row of `table`, or the sum of its rows over their number to `power`.

    Of a list, what is no value is neither read nor, in the gradient, touched, so that padding
    decays nothing. Without any value the sum is 0.

    Args:
      values: one row each [B], or the lists.

    Returns:
      [B, D].
    """
    if not isinstance(values, Values):
        return tf.gather(table, values)
    rows = tf.gather(table, values.rows)
    total = add_rows(rows, values.indices, values.examples, tf.size(values.counts))
    count = tf.cast(values.counts[:, tf.newaxis], table.dtype)
    return total * tf.maximum(count, 1.0) ** -power


def present(rows: tf.Tensor) -> tf.Tensor:
    """Returns what of `rows`, [B] or [B, L], is a row, [J]."""
    return tf.boolean_mask(rows, rows >= 0)


def _distinct(ids: tf.Tensor, num_rows: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns which of `num_rows` are in `ids` [J], in any order, and where each id is there.

    Where there are more ids than rows, marking the rows takes less than a hash table, whose
    memory the system hands out page by page: 1 ms, not 7, of a step with 163,840 ids.
    """

    def marked() -> tuple[tf.Tensor, tf.Tensor]:
        is_there = tf.raw_ops.DenseBincount(
            input=ids, size=num_rows, weights=tf.zeros([0], tf.int32), binary_output=True
        )
        distinct = tf.cast(tf.where(is_there > 0)[:, 0], ids.dtype)
        return distinct, tf.gather(tf.cumsum(is_there, exclusive=True), ids)

    return tf.cond(tf.size(ids) > num_rows, marked, lambda: tuple(tf.unique(ids)))
