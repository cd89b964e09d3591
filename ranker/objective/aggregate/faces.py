"""Small quadratic programs over task weights, solved exactly: every subset of tasks is tried.

Which tasks weigh anything at the solution is one of 2^T subsets; on each, the solution without
bounds is that of a linear system of T unknowns. So there is no loop, no step size, no tolerance.
"""

import itertools

import numpy as np
import tensorflow as tf

from ranker.objective.aggregate.pulls import Pulls

_RIDGE = 1e-12  # beside a diagonal of 1: subsets that depend on each other have an inverse too
_ROUNDING = 1e-9  # of the largest weight: so far below 0 is 0


def subsets(num: int) -> np.ndarray:
    """Returns all N = 2^T subsets of `num` tasks, the empty one first, bool [N, T]."""
    return np.array(list(itertools.product([False, True], repeat=num)))


def inverses(pulls: Pulls, members: np.ndarray) -> tf.Tensor:
    """Returns the inverse of the cosines of each subset of `members` [N, T], else 0: [N, T, T]."""
    both = tf.constant(members[:, :, np.newaxis] & members[:, np.newaxis])
    num = members.shape[1]
    eye = tf.eye(num, dtype=tf.float64)
    inside = tf.where(both, pulls.cosines, eye) + _RIDGE * eye
    return tf.where(both, tf.linalg.inv(inside), 0.0)


def of_active(pulls: Pulls, members: np.ndarray) -> tf.Tensor:
    """Returns which subsets [N, T] have active tasks alone, bool [N]."""
    inactive = tf.constant(members.astype(np.float64)) * (1.0 - pulls.active)
    return tf.reduce_sum(inactive, axis=1) == 0


def is_positive(values: tf.Tensor) -> tf.Tensor:
    """Returns where no value [..., T] is below 0, but for rounding; [...]."""
    largest = tf.reduce_max(tf.abs(values), axis=-1)
    return tf.reduce_min(values, axis=-1) >= -_ROUNDING * largest


def best(values: tf.Tensor, costs: tf.Tensor, is_possible: tf.Tensor) -> tf.Tensor:
    """Returns of N candidates [N, ..., T] the one of least cost that is possible, both [N, ...].

    What rounding left below 0 is 0.
    """
    large = tf.constant(np.inf, tf.float64)
    place = tf.argmin(tf.where(is_possible & (costs == costs), costs, large), axis=0)
    values = tf.maximum(values, 0.0)
    if values.shape.rank == 2:
        return values[place]
    rows = tf.range(tf.shape(place)[0], dtype=place.dtype)
    return tf.gather_nd(values, tf.stack([place, rows], axis=1))


def simplex(weights: tf.Tensor) -> tf.Tensor:
    """Returns weights [N, T], none far below 0, kept above it and summing to 1."""
    weights = tf.maximum(weights, 0.0)
    return tf.math.divide_no_nan(weights, tf.reduce_sum(weights, axis=-1, keepdims=True))


def projected(pulls: Pulls, starts: tf.Tensor) -> tf.Tensor:
    """Returns for each of `starts` [R, T] the shortest weights at least those, [R, T].

    Shortest is the sum of the gradients by them. That is the projection of the sum by the start
    to the cone of steps against which no gradient goes.

    Source: Quinton and Rey 2024, arXiv:2406.16232, proposition 1.
    """
    members = subsets(pulls.num_tasks)
    begun = starts * pulls.norms  # of gradients of length 1
    slopes = tf.matmul(begun, pulls.cosines)
    added = -tf.einsum("nij,rj->nri", inverses(pulls, members), slopes)
    lengths = begun + tf.maximum(added, 0.0)
    costs = tf.reduce_sum(lengths * tf.matmul(lengths, pulls.cosines), axis=-1)
    is_possible = is_positive(added) & of_active(pulls, members)[:, tf.newaxis]
    return starts + best(added, costs, is_possible) * pulls.inverse_norms
