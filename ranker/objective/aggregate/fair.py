"""The one equation of fair methods: how much each task gains, to a power, is its weight."""

import tensorflow as tf

from ranker.objective.aggregate.pulls import Pulls

_MOST = 100  # steps of Newton's; five to ten do
_LARGEST = 1e4  # times its gradient's length: beyond, gradients cancel each other to rounding
_DONE = 1e-12


def fair(pulls: Pulls, alpha: float) -> tf.Tensor:
    """Returns w > 0 with G w = w^(-1 / alpha), float64 [T].

    Solved for y = w * norms, by Newton's method in log y, where steps are kept to 1: of
    C y = r y^(-1 / alpha), C the cosines and r = norms^(1 / alpha - 1). Where the gradients
    cancel each other there is no solution; then y stops at 10,000.
    """
    is_active = pulls.active > 0
    power = tf.constant(1.0 / alpha, tf.float64)
    norms = tf.where(is_active, pulls.norms, 1.0)
    right = norms ** (power - 1.0)
    cosines = pulls.cosines

    def step(logs: tf.Tensor) -> tf.Tensor:
        y = tf.exp(logs)
        gain = right * y**-power
        matrix = cosines * y + tf.linalg.diag(power * gain)
        left = tf.linalg.matvec(cosines, y) - gain
        moved = tf.linalg.solve(matrix, left[:, tf.newaxis])[:, 0]
        return moved / tf.maximum(tf.reduce_max(tf.abs(moved)), 1.0)

    def more(iteration: tf.Tensor, logs: tf.Tensor, moved: tf.Tensor) -> tf.Tensor:
        is_near = tf.reduce_max(tf.abs(moved)) > _DONE
        is_usable = tf.reduce_max(tf.exp(logs)) < _LARGEST * tf.reduce_max(begun)
        return is_near & is_usable & (iteration < _MOST)

    def body(iteration: tf.Tensor, logs: tf.Tensor, _: tf.Tensor) -> tuple:
        moved = step(logs)
        return iteration + 1, logs - moved, moved

    begun = right ** (1.0 / (1.0 + power))  # where no gradient touches another
    logs = tf.math.log(begun)
    _, logs, _ = tf.while_loop(more, body, (0, logs, tf.ones_like(logs)))
    # The products were divided by the largest squared norm.
    return tf.exp(logs) * pulls.inverse_norms * pulls.scale ** (-2.0 / (1.0 + power))
