"""What methods read of a Gramian, made safe: tasks without a gradient, any scale, no NaN."""

from typing import NamedTuple

import tensorflow as tf

_LEAST = 1e-12  # of a squared norm to the largest: less is no gradient


class Pulls(NamedTuple):
    """The tasks' gradients as a method sees them, float64; those of no gradient count for nothing.

    Attributes:
      active: 1 for a task that has a gradient, else 0, [T].
      products: inner products over the largest squared norm, 0 where a task is not active, [T, T].
      norms: square roots of their diagonal, [T].
      cosines: of the pairs, [T, T]; of a task that is not active, 1 with itself and 0 with others.
      scale: the largest norm, which products and norms have been divided by; a scalar.
    """

    active: tf.Tensor
    products: tf.Tensor
    norms: tf.Tensor
    cosines: tf.Tensor
    scale: tf.Tensor

    @property
    def num_tasks(self) -> int:
        """T."""
        return self.active.shape[0] or 0

    @property
    def share(self) -> tf.Tensor:
        """One over the number of active tasks, 0 for one that is not, [T]."""
        return tf.math.divide_no_nan(self.active, tf.reduce_sum(self.active))

    @property
    def inverse_norms(self) -> tf.Tensor:
        """One over each norm, 0 of a task that is not active, [T]."""
        return tf.math.divide_no_nan(self.active, self.norms)


def read(products: tf.Tensor) -> Pulls:
    """Returns what a Gramian [T, T] says; no task is active if any of it is not finite."""
    products = tf.cast(products, tf.float64)
    squares = tf.linalg.diag_part(products)
    largest = tf.reduce_max(squares)
    is_known = tf.reduce_all(tf.math.is_finite(products)) & (largest > 0)
    largest = tf.where(is_known, largest, 1.0)
    is_active = is_known & (squares > _LEAST * largest)
    both = is_active[:, tf.newaxis] & is_active[tf.newaxis]
    products = tf.where(both, products / largest, 0.0)
    norms = tf.sqrt(tf.linalg.diag_part(products))
    cosines = tf.math.divide_no_nan(products, norms[:, tf.newaxis] * norms[tf.newaxis])
    cosines = tf.linalg.set_diag(cosines, tf.ones_like(norms))
    return Pulls(tf.cast(is_active, tf.float64), products, norms, cosines, tf.sqrt(largest))


def pseudo_inverse(matrix: tf.Tensor, power: float) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Returns a symmetric matrix [T, T] to the power -`power`, its eigenvalues, and which count.

    Those under 1e-12 of the largest do not: of float32 gradients they are rounding.
    """
    values, vectors = tf.linalg.eigh(matrix)
    is_kept = values > _LEAST * tf.reduce_max(values)
    powers = tf.where(is_kept, tf.where(is_kept, values, 1.0) ** -power, 0.0)
    return tf.matmul(vectors * powers, vectors, transpose_b=True), values, is_kept
