"""Judges attempts, counts refusals, and says when there were too many in a row."""

import tensorflow as tf

from ranker import numerics
from ranker.guard import verdict as verdicts
from ranker.guard.spike_filter import LOSS, RunningWindow
from ranker.guard.verdict import Transaction, Verdict
from ranker.spec.guard import SpikeFilter
from ranker.spec.part import AtLeastOne, check_number


class Guard:
    """Refuses what is not finite: a loss, a gradient, an update, a slot's new value, a statistic;
    and, if it has a `SpikeFilter`, what is far above its usual range.

    Attributes:
      spike_filter: as given.
      max_refusals: refusals in a row at which training halts, >= 1.
      refused: int64 variable, all refusals so far.
      refused_in_a_row: int64 variable, those since the last acceptance.
      variables: both by name, for checkpoints, and with a `SpikeFilter` what it goes by.
    """

    def __init__(self, *, max_refusals: int, spike_filter: SpikeFilter | None = None) -> None:
        """Raises ValueError unless `max_refusals` is at least 1."""
        self.max_refusals = max_refusals
        check_number(max_refusals, AtLeastOne, "Guard: max_refusals")
        self.refused = tf.Variable(tf.zeros([], tf.int64), trainable=False, name="refused")
        self.refused_in_a_row = tf.Variable(
            tf.zeros([], tf.int64), trainable=False, name="refused_in_a_row"
        )
        self.variables: dict[str, tf.Variable] = {
            "refused": self.refused,
            "refused_in_a_row": self.refused_in_a_row,
        }
        self.spike_filter = spike_filter
        self._window = RunningWindow(spike_filter) if spike_filter else None
        if self._window:
            self.variables |= self._window.variables

    @property
    def watched(self) -> tuple[str, ...]:
        """What a verdict's `watched` holds, of "loss" and "norm"; () without a `SpikeFilter`."""
        return self.spike_filter.watched if self.spike_filter else ()

    def judge(
        self, losses: tf.Tensor, transaction: Transaction, *, total: tf.Tensor | None = None
    ) -> Verdict:
        """Returns whether the attempt may be committed, and if not, why and where.

        Exact: without a `SpikeFilter` any finite value is accepted, however large. Nearly every
        attempt costs one sum over each tensor that would be written; only where a sum is
        not finite, or a clipper kept nothing, is every element of every tensor looked at.
        That is enough, since what is not finite goes on into a slot or the new values,
        unless a clipper erases it, and then the factor is 0.

        Args:
          losses: [T], one a task.
          transaction: gradients before any clipper, and all that would be written. With a
            `SpikeFilter` it reports "watched/<name>" and "limit/<name>".
          total: the losses' weighted sum, a scalar; for a `SpikeFilter` of the loss.

        Raises:
          ValueError: if a `SpikeFilter` watches the loss and `total` is None.
        """
        tensors = [losses]
        for change in transaction.changes:
            tensors += [change.after, *(values for _, values in change.slots)]
        tensors += verdicts.statistics(transaction)
        factors = [tf.cast(change.factor, tf.float32) for change in transaction.changes]
        nothing_erased = tf.reduce_all(tf.stack([1.0, *factors]) > 0)
        verdict = numerics.choose(
            tf.logical_and(numerics.surely_finite(tensors), nothing_erased),
            verdicts.accepted,
            lambda: verdicts.inspect(losses, transaction),
        )
        if self._window is None:
            return verdict
        gradients = [g.values for g in transaction.gradients]
        unweighted = getattr(transaction, "unweighted_norm", None)
        watched = self._window.measure(total, gradients, size=unweighted)
        limits = self._window.limits()
        for index, name in enumerate(self.watched):
            transaction.scalar(f"watched/{name}", watched[index])
            transaction.scalar(f"limit/{name}", limits[index])
        return _compare(verdict, watched, limits, self._window.spike_filter)

    def record(self, verdict: Verdict) -> None:
        """Counts `verdict`, and remembers what it watched if accepted; call once an attempt."""
        refused = tf.cast(tf.logical_not(verdict.accept), tf.int64)
        self.refused.assign_add(refused)
        self.refused_in_a_row.assign((self.refused_in_a_row + 1) * refused)
        if self._window:
            self._window.enter(verdict.watched, accept=verdict.accept)

    def halted(self) -> tf.Tensor:
        """Returns a bool scalar: whether `max_refusals` in a row have been refused."""
        return self.refused_in_a_row >= self.max_refusals


def _compare(
    verdict: Verdict, watched: tf.Tensor, limits: tf.Tensor, spike_filter: SpikeFilter
) -> Verdict:
    """Returns `verdict`, refused if it was accepted and any of `watched` [S] is above its limit."""
    # Not written as a negation: TensorFlow's graph optimizer turns "not (x <= y)" into
    # "x > y", which is false of NaN.
    is_usual = watched <= limits
    spikes = tf.constant(
        [verdicts.LOSS_SPIKE if w == LOSS else verdicts.NORM_SPIKE for w in spike_filter.watched]
    )
    first = spikes[tf.argmin(tf.cast(is_usual, tf.int32))]
    all_usual = tf.reduce_all(is_usual)
    return verdict._replace(
        accept=verdict.accept & all_usual,
        reason=tf.where(verdict.accept, tf.where(all_usual, verdict.reason, first), verdict.reason),
        watched=watched,
        limits=limits,
    )
