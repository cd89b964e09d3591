"""Where the tasks pull what they share, as scalars: who is strong, and who is against whom."""

import itertools
import math
from collections.abc import Sequence

import tensorflow as tf

from ranker.numerics import choose
from ranker.objective.aggregate.aggregation import TaskGradients, Transaction
from ranker.spec.objective import TelemetrySettings

NORM, COSINE, CONFLICTS = "task_gradient_norm", "task_cosine", "task_conflicts"
WEIGHT = "task_weight"


def report(
    gradients: TaskGradients,
    transaction: Transaction,
    settings: TelemetrySettings,
    attempt: tf.Tensor | tf.Variable,
) -> None:
    """Adds the scalars of `scalar_names`; measures where it is time to, else they are NaN.

    Args:
      attempt: its number from 0, an int64 scalar.
    """
    every, names = int(settings.every_attempts), scalar_names(gradients.tasks)
    if not every:
        return
    found = choose(
        tf.equal(tf.math.floormod(tf.convert_to_tensor(attempt), every), every - 1),
        lambda: measured(gradients.gramian(settings.of), len(gradients.tasks)),
        lambda: tf.fill([len(names)], math.nan),
    )
    report_measured(names, found, transaction)


def report_measured(names: Sequence[str], values: tf.Tensor, transaction: Transaction) -> None:
    """Adds scalars `values` [N] by their names."""
    for name, value in zip(names, tf.unstack(values, len(names)), strict=True):
        transaction.scalar(name, value)


def report_weights(tasks: Sequence[str], weights: tf.Tensor, transaction: Transaction) -> None:
    """Adds how much each task weighs in this attempt, [T], times its own weight."""
    report_measured([f"{WEIGHT}/{task}" for task in tasks], weights, transaction)


def scalar_names(tasks: Sequence[str]) -> list[str]:
    """Returns the names of what `measured` returns of these tasks, in order."""
    pairs = [f"{COSINE}/{one}/{other}" for one, other in itertools.combinations(tasks, 2)]
    return [*(f"{NORM}/{task}" for task in tasks), *pairs, CONFLICTS]


def measured(products: tf.Tensor, num: int) -> tf.Tensor:
    """Returns what a Gramian [T, T] of `num` tasks says, float32 [T + T (T - 1) / 2 + 1].

    The norm of each task's gradient; the cosine of each pair, 0 where one has no gradient; and
    the share of the pairs whose gradients go against each other.
    """
    norms = tf.sqrt(tf.linalg.diag_part(products))
    pairs = list(itertools.combinations(range(num), 2))
    indices = tf.constant(pairs, tf.int32, shape=[len(pairs), 2])
    sizes = tf.reduce_prod(tf.gather(norms, indices), axis=1)
    against = tf.gather_nd(products, indices)
    cosines = tf.where(sizes == 0, tf.zeros_like(sizes), against / sizes)
    conflicts = tf.reduce_sum(tf.cast(against < 0, tf.float64)) / max(1, len(pairs))
    return tf.cast(tf.concat([norms, cosines, [conflicts]], axis=0), tf.float32)
