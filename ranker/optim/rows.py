"""One shape for dense and sparse gradients: the rows touched, and their values.

Cost is in the rows touched, never in the size of the table. Repeated ids are summed
before anything else: applied one by one, they race, and a run is not reproducible.
"""

import tensorflow as tf


def touched(
    gradient: tf.Tensor | tf.IndexedSlices,
) -> tuple[tf.Tensor | None, tf.Tensor]:
    """Returns the rows that `gradient` touches and their values.

    Args:
      gradient: dense, or slices [N, ...] whose ids may repeat.

    Returns:
      (None, gradient) if dense; else unique row ids [U] in order of first sight, and
      the sums of their slices [U, ...].
    """
    if not isinstance(gradient, tf.IndexedSlices):
        return None, tf.convert_to_tensor(gradient)
    rows, segments = tf.unique(gradient.indices)
    return rows, tf.math.unsorted_segment_sum(gradient.values, segments, tf.size(rows))


def read(variable: tf.Variable, rows: tf.Tensor | None) -> tf.Tensor:
    """Returns the values of `variable` at `rows` [U, ...], or all of it for None."""
    return variable.read_value() if rows is None else tf.gather(variable, rows)


def write(variable: tf.Variable, rows: tf.Tensor | None, values: tf.Tensor) -> None:
    """Sets `variable` at unique `rows`, or all of it for None, to `values`."""
    if rows is None:
        variable.assign(values)
    else:
        variable.scatter_update(tf.IndexedSlices(values, rows))


def subtract(variable: tf.Variable, rows: tf.Tensor | None, update: tf.Tensor) -> None:
    """Subtracts `update` from `variable` at unique `rows`, or everywhere for None."""
    if rows is None:
        variable.assign_sub(update)
    else:
        variable.scatter_sub(tf.IndexedSlices(update, rows))
