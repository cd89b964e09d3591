"""An aggregation: GradDrop, which keeps of each number of a gradient the tasks of one sign alone.

[objective]
aggregate = "grad_drop"
"""

import tensorflow as tf

from ranker.objective.aggregate import Context, TaskGradients, Transaction
from ranker.spec.aggregate import Aggregation
from ranker.spec.part import register


@register("grad_drop", acts=f"{__name__}.GradDropAggregation")
class GradDrop(Aggregation):
    """GradDrop: each number of a gradient is of the tasks of one sign, drawn by their pull."""


class GradDropAggregation:
    """Where tasks pull a number up by P of all that they pull, those that do are kept with the
    chance P, else those that pull it down; the sum of what is kept is proposed.

    Of the shared variables; what a single task has of its own keeps its gradient. It tells
    "grad_drop/kept": how much of all that the tasks pull was kept, a share.

    Source: Chen et al. 2020, arXiv:2010.06808, algorithm 1 without its leak.
    """

    def __init__(self, part: GradDrop, context: Context) -> None:
        """Takes the seed of the draws; each step draws others."""
        del part
        self._seed = context.seed
        count = tf.Variable(tf.zeros([], tf.int64), trainable=False, name="grad_drop/steps")
        self.variables = {"steps": count}

    def __call__(self, gradients: TaskGradients, transaction: Transaction) -> tuple:
        """Returns the sum of what is left of each task's gradient."""
        step, chosen = self.variables["steps"], {}
        pulled, kept = tf.constant(0.0), tf.constant(0.0)
        for index, (name, by_task) in enumerate(gradients.each().items()):
            if len(by_task) > 1:
                seed = tf.stack([tf.cast(self._seed, tf.int64), 1000 * step + index])
                values = list(by_task.values())
                left = of_one_sign(values, seed)
                chosen[name] = tf.add_n(left)
                pulled += sum(tf.reduce_sum(tf.abs(value)) for value in values)
                kept += sum(tf.reduce_sum(tf.abs(value)) for value in left)
        transaction.scalar("grad_drop/kept", tf.math.divide_no_nan(kept, pulled))
        transaction.write(step, step + 1)
        return gradients.having(chosen)


def of_one_sign(values: list[tf.Tensor], seed: tf.Tensor) -> list[tf.Tensor]:
    """Returns each task's values [...], 0 where the other sign was drawn by `seed`, int64 [2]."""
    total, size = tf.add_n(values), tf.add_n([tf.abs(value) for value in values])
    upward = 0.5 * (1.0 + tf.math.divide_no_nan(total, size))
    is_up = tf.random.stateless_uniform(tf.shape(total), seed) < upward
    return [tf.where(tf.equal(value > 0, is_up), value, value * 0.0) for value in values]
