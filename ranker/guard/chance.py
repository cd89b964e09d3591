"""Whether tasks that ranked rank no more, in the graph."""

import tensorflow as tf

from ranker.guard.auc import Ranking
from ranker.guard.detect import CHANCE, TIED

_SURE = 4.0  # standard errors by which a mean AUC must be above chance to be no luck


class Chance:
    """The last AUCs of N binary tasks.

    Attributes:
      variables: "aucs" float32 [N, length], the n-th of a task in column n % length;
        "num_aucs" int64 [N], all that ever entered; "has_learned" and "was_at_chance"
        int64 [N], 0 or 1.
    """

    def __init__(self, *, num_tasks: int, length: int) -> None:
        """Makes the variables; a task is judged by the mean of its last `length` AUCs."""
        self._length = length
        self.variables: dict[str, tf.Variable] = {
            "aucs": tf.Variable(tf.zeros([num_tasks, length]), trainable=False, name="aucs"),
        }
        for name in ("num_aucs", "has_learned", "was_at_chance"):
            zeros = tf.zeros([num_tasks], tf.int64)
            self.variables[name] = tf.Variable(zeros, trainable=False, name=name)

    def observe(self, ranking: Ranking, accept: tf.Tensor) -> tf.Tensor:
        """Returns whether each task is at chance, having been above it or having no ranking
        left at all, bool [N]; takes the AUCs of the attempt in if `accept`."""
        variables = self.variables
        enters = ranking.is_defined & accept
        num = variables["num_aucs"].read_value()
        columns = tf.range(self._length, dtype=tf.int64)
        is_next = columns == (num % self._length)[:, tf.newaxis]
        is_new = is_next & enters[:, tf.newaxis]
        aucs = tf.where(is_new, ranking.auc[:, tf.newaxis], variables["aucs"].read_value())
        num += tf.cast(enters, tf.int64)
        mean = tf.reduce_mean(aucs, axis=1)
        is_known = num >= self._length
        error = tf.sqrt(ranking.variance / self._length)
        learned = is_known & (mean - _SURE * error > 0.5 + 2 * CHANCE)
        has_learned = learned | (variables["has_learned"].read_value() > 0)
        # It is over only when the mean is as far up as what counts as learned.
        was_at_chance = variables["was_at_chance"].read_value() > 0
        limit = tf.where(was_at_chance, 0.5 + 2 * CHANCE, 0.5 + CHANCE)
        is_tied = tf.reduce_all(tf.abs(aucs - 0.5) <= TIED, axis=1)
        at_chance = is_known & ((has_learned & (mean <= limit)) | is_tied)
        changed = {"aucs": aucs, "num_aucs": num, "has_learned": has_learned}
        for name, value in {**changed, "was_at_chance": at_chance}.items():
            variables[name].assign(tf.cast(value, variables[name].dtype))
        return at_chance
