"""One shape for dense and sparse gradients: the rows touched, and their values.

Cost is in the rows touched, never in the size of the table. Repeated ids are summed
before anything else: applied one by one, they race, and a run is not reproducible.
"""

from collections.abc import Sequence

import tensorflow as tf

from ranker.numerics import add_rows


def touched(
    gradient: tf.Tensor | tf.IndexedSlices,
) -> tuple[tf.Tensor | None, tf.Tensor, tf.Tensor | None]:
    """Returns the rows that `gradient` touches, their values, and the ids of its slices.

    Args:
      gradient: dense, or slices [N, ...] whose ids may repeat.

    Returns:
      (None, gradient, None) if dense; else unique row ids [U] in order of first sight, the
      sums of their slices [U, ...], and the ids as they came [N].
    """
    if not isinstance(gradient, tf.IndexedSlices):
        return None, tf.convert_to_tensor(gradient), None
    rows, indices = tf.unique(gradient.indices)
    return rows, _sum(gradient.values, indices, tf.size(rows)), gradient.indices


def aligned(
    gradients: Sequence[tf.Tensor | tf.IndexedSlices],
) -> tuple[tf.Tensor | None, list[tf.Tensor], tf.Tensor | None]:
    """Returns several gradients of one variable on the same rows, as `touched` does one.

    Args:
      gradients: each dense, or slices; all count as dense if one is.

    Returns:
      (None, the gradients, None) if dense; else the unique row ids [U] of them all, the sums of
      each one's slices on these rows [U, ...], and all ids as they came.
    """
    if not all(isinstance(gradient, tf.IndexedSlices) for gradient in gradients):
        return None, [tf.convert_to_tensor(gradient) for gradient in gradients], None
    ids = tf.concat([gradient.indices for gradient in gradients], axis=0)
    rows, indices = tf.unique(ids)
    sizes = tf.stack([tf.size(gradient.indices) for gradient in gradients])
    each = zip(gradients, tf.split(indices, sizes, num=len(gradients)), strict=True)
    return rows, [_add(gradient.values, at, tf.size(rows)) for gradient, at in each], ids


def count(ids: tf.Tensor, *, rows: tf.Tensor) -> tf.Tensor:
    """Returns how often each of the unique `rows` [U] is in `ids` [J], int32 [U]."""
    num_rows = tf.size(rows)
    _, indices = tf.unique(tf.concat([rows, tf.cast(ids, rows.dtype)], axis=0))
    return tf.math.bincount(indices[num_rows:], minlength=num_rows, maxlength=num_rows)


def _sum(slices: tf.Tensor, indices: tf.Tensor, num_rows: tf.Tensor) -> tf.Tensor:
    """Returns the sums of `slices` [N, ...] by their `indices` [N] in [0, num_rows).

    Slices are added in their order, so the bits are the same in every process. Measured
    against `unsorted_segment_sum`, 21,500 slices of 32: half its cost both ways.
    """
    return tf.cond(
        4 * num_rows > 3 * tf.size(indices),
        lambda: _copy_and_add(slices, indices, num_rows),
        lambda: _add(slices, indices, num_rows),
    )


def _add(slices: tf.Tensor, indices: tf.Tensor, num_rows: tf.Tensor) -> tf.Tensor:
    """Returns the sums where many indices repeat."""
    shape = tf.concat([[num_rows], tf.shape(slices)[1:]], axis=0)
    width = slices.shape[1:].num_elements()
    if width is None:
        return tf.scatter_nd(indices[:, tf.newaxis], slices, shape)
    flat = tf.reshape(slices, [-1, width])
    return tf.reshape(add_rows(flat, tf.range(tf.size(indices)), indices, num_rows), shape)


def _copy_and_add(slices: tf.Tensor, indices: tf.Tensor, num_rows: tf.Tensor) -> tf.Tensor:
    """Returns the sums where few indices repeat: copies the first slice, adds the others."""
    order = tf.range(tf.size(indices))
    first = tf.math.unsorted_segment_min(order, indices, num_rows)
    repeats = tf.where(tf.gather(first, indices) != order)
    return tf.tensor_scatter_nd_add(
        tf.gather(slices, first), tf.gather(indices, repeats), tf.gather_nd(slices, repeats)
    )


def read(variable: tf.Variable, rows: tf.Tensor | None) -> tf.Tensor:
    """Returns the values of `variable` at `rows` [U, ...], or all of it for None."""
    return variable.read_value() if rows is None else tf.gather(variable, rows)


def write(variable: tf.Variable, values: tf.Tensor, *, rows: tf.Tensor | None) -> None:
    """Sets `variable` at unique `rows` [U], or all of it for None, to `values` [U, ...].

    Measured: at 21,500 rows of 32 this costs a quarter of subtracting in place.
    """
    if rows is None:
        variable.assign(values)
    else:
        variable.scatter_update(tf.IndexedSlices(values, rows))
