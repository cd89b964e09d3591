"""Judges attempts, counts refusals, and says when there were too many in a row."""

import tensorflow as tf

from ranker import numerics
from ranker.guard import verdict as verdicts
from ranker.guard.verdict import Proposal, Verdict


class Guard:
    """Refuses what is not finite: a loss, a gradient, an update, a slot's new value, a statistic.

    Attributes:
      max_refusals: refusals in a row at which training halts, >= 1.
      refused: int64 variable, all refusals so far.
      refused_in_a_row: int64 variable, those since the last acceptance.
      variables: both by name, for checkpoints.
    """

    def __init__(self, *, max_refusals: int) -> None:
        """Raises ValueError unless `max_refusals` is at least 1."""
        self.max_refusals = max_refusals
        numerics.check_number(self, "max_refusals", least=1)
        self.refused = tf.Variable(tf.zeros([], tf.int64), trainable=False, name="refused")
        self.refused_in_a_row = tf.Variable(
            tf.zeros([], tf.int64), trainable=False, name="refused_in_a_row"
        )
        self.variables: dict[str, tf.Variable] = {
            "refused": self.refused,
            "refused_in_a_row": self.refused_in_a_row,
        }

    def judge(self, losses: tf.Tensor, proposal: Proposal) -> Verdict:
        """Returns whether the attempt may be committed, and if not, why and where.

        Exact: any finite value is accepted, however large. Nearly every attempt costs
        one sum over each tensor that would be written; only where a sum is not finite,
        or a clipper kept nothing, is every element of every tensor looked at. That is
        enough, since what is not finite goes on into a slot or the new values, unless a
        clipper erases it, and then the factor is 0.

        Args:
          losses: [T], one a task.
          proposal: gradients as differentiated, and the changes made of them.
        """
        tensors = [losses]
        for change in proposal.changes:
            tensors += [change.after, *(values for _, values in change.slots)]
        tensors += verdicts.statistics(proposal)
        factors = [tf.cast(change.factor, tf.float32) for change in proposal.changes]
        nothing_erased = tf.reduce_all(tf.stack([1.0, *factors]) > 0)
        return tf.cond(
            tf.logical_and(numerics.surely_finite(tensors), nothing_erased),
            verdicts.accepted,
            lambda: verdicts.inspect(losses, proposal),
        )

    def record(self, verdict: Verdict) -> None:
        """Counts `verdict`; call once an attempt."""
        refused = tf.cast(tf.logical_not(verdict.accept), tf.int64)
        self.refused.assign_add(refused)
        self.refused_in_a_row.assign((self.refused_in_a_row + 1) * refused)

    def halted(self) -> tf.Tensor:
        """Returns a bool scalar: whether `max_refusals` in a row have been refused."""
        return self.refused_in_a_row >= self.max_refusals
