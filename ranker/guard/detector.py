"""Whether training is diverging, said while it runs: a detector of each task's loss.

The symptoms are those that `ranker.measure.divergence` finds with hindsight, and so are the
constants. What must differ, because the end of the run is not known:

- Each task's own loss is judged, not their sum, and so is the norm of all gradients.
- A jump that has not returned after `max_recovery` attempts is full divergence then: 40,
  where hindsight waits for 201. One that returns later is micro after all.
- Before `minimum` losses are known, the first batch's stands for the loss before training,
  and a jump is a median of five that is half above it.
- The AUC is that of the last `max_recovery` batches, and each task is judged by its own.
- A loss of exactly 0 is that of a batch without the task's label, and is passed over.
"""

from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from ranker.guard.auc import Ranked, rank
from ranker.guard.chance import Chance
from ranker.guard.detect import Detect
from ranker.guard.jumps import Jumps

HEALTHY, JUMP, MICRO, FULL = range(4)

SYMPTOMS = ("healthy", "jump", "micro", "full")  # in words


class Findings(NamedTuple):
    """What the detector says after an attempt; `symptoms` alone is what to act on.

    Attributes:
      symptoms: of the tasks, int32 [T]: HEALTHY 0; JUMP 1, one is open; MICRO 2, one came
        back at this attempt; FULL 3, for as long as it lasts.
      began: whether it was another symptom after the attempt before, bool [T].
      levels: the usual loss, before the jump if one is open, float32 [T]; NaN while it is
        not known.
      norm_symptom: HEALTHY or JUMP, of the norm of all gradients, int32 [1].
    """

    symptoms: tf.Tensor
    began: tf.Tensor
    levels: tf.Tensor
    norm_symptom: tf.Tensor


class Detector:
    """Watches the loss of each task, the AUC of the binary ones, and the gradients' norm.

    Refused attempts never enter, nor do those of an open jump, nor what is not finite.

    Attributes:
      detect: as given.
      is_binary: as given.
      variables: all state by name, for checkpoints: that of `Jumps` and `Chance`, and
        "num_bad" int64 [T], attempts in a row that were refused or whose loss was not
        finite, and "symptoms" int64 [T], after the last attempt.
    """

    def __init__(self, detect: Detect, *, is_binary: Sequence[bool]) -> None:
        """Makes the variables, with nothing seen.

        Args:
          is_binary: of each task, in order.
        """
        self.detect = detect
        self.is_binary = tuple(is_binary)
        num_tasks = len(self.is_binary)
        self._jumps = Jumps(detect, has_start=[True] * num_tasks + [False])
        self._chance = Chance(num_tasks=sum(self.is_binary), length=detect.max_recovery)
        self._binary = [place for place, is_one in enumerate(self.is_binary) if is_one]
        counts = {
            name: tf.Variable(tf.zeros([num_tasks], tf.int64), trainable=False, name=name)
            for name in ("num_bad", "symptoms")
        }
        self.variables: dict[str, tf.Variable] = {
            **self._jumps.variables,
            **self._chance.variables,
            **counts,
        }

    def observe(
        self, losses: tf.Tensor, ranked: Sequence[Ranked], *, norm: tf.Tensor, accept: tf.Tensor
    ) -> Findings:
        """Takes an attempt and returns what it shows; call once an attempt.

        Args:
          losses: of the tasks, [T].
          ranked: logits, labels and weights of each binary task, in order, each [B].
          norm: of all gradients, a scalar.
          accept: whether the attempt was committed.
        """
        values = tf.concat([losses, [norm]], axis=0)
        is_finite = tf.math.is_finite(values) & accept
        is_seen = is_finite & (values != 0)
        jump = self._jumps.observe(tf.where(is_seen, values, 0.0), is_seen)
        num_tasks = len(self.is_binary)
        num_bad, symptoms = self.variables["num_bad"], self.variables["symptoms"]
        num_bad.assign((num_bad + 1) * tf.cast(~is_finite[:num_tasks], tf.int64))
        limit = self.detect.max_recovery
        is_full = (jump.age[:num_tasks] >= limit) | (num_bad.read_value() >= limit)
        if ranked:
            is_full |= self._at_chance(ranked, accept)
        open_or_not = tf.where(jump.age > 0, JUMP, tf.where(jump.has_returned, MICRO, HEALTHY))
        found = tf.where(is_full, FULL, open_or_not[:num_tasks])
        before = symptoms.read_value()
        symptoms.assign(tf.cast(found, tf.int64))
        return Findings(
            symptoms=found,
            began=tf.cast(found, tf.int64) != before,
            levels=jump.level[:num_tasks],
            norm_symptom=tf.where(jump.age[num_tasks:] > 0, JUMP, HEALTHY),
        )

    def _at_chance(self, ranked: Sequence[Ranked], accept: tf.Tensor) -> tf.Tensor:
        """Returns of each task whether it ranks no better than chance any more, [T]."""
        ranking = rank(*(tf.stack(part) for part in zip(*ranked, strict=True)))
        found = self._chance.observe(ranking, accept)
        places = tf.constant(self._binary)[:, tf.newaxis]
        return tf.scatter_nd(places, found, [len(self.is_binary)])


def absent() -> Findings:
    """Returns what is reported where there is no detector: nothing, each [0]."""
    nothing = tf.zeros([0], tf.int32)
    return Findings(nothing, tf.zeros([0], tf.bool), tf.zeros([0]), nothing)
