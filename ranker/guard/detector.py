"""Whether training is diverging, said while it runs: a detector of each task's loss.

The symptoms are those that `ranker.measure.divergence` finds with hindsight, and so are the
constants. What differs, because the end of the run is not known and a step has little time:

- Five attempts are looked at together, at every fifth; their median is not a sliding one. A
  block that opens or closes a jump does not enter the level, and the level's window is 200.
- The norm of all gradients, of every fifth attempt, is judged as a task's loss is.
- A jump that has not returned after `max_recovery` attempts is full divergence: 40, where
  hindsight waits for 201. One that returns later was micro after all.
- Before `minimum` losses are known, the first batch's stands for the loss before training,
  and a jump is a median of five that is half above it.
- The AUC is that of the batch at each look, its mean over `max_recovery` attempts. A task that
  ranked must be at chance by itself; hindsight asks for all of them, on validation.
- The level of a loss is no lower than its floor: the median of the last five windows' levels,
  with the loss of the best constant for each that has not been yet. Levels below a tenth of
  that loss are none. So a row that is repeated, and fitted at once, lowers no level.
- A loss of exactly 0 is that of a batch without the task's label, and is passed over.

Broken data are no broken model, but a loss that they lift looks the same.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import tensorflow as tf

from ranker.guard.auc import Ranked, rank
from ranker.guard.chance import Chance
from ranker.guard.jumps import Jumps
from ranker.numerics import choose
from ranker.spec.guard import BLOCK, Detect

HEALTHY, JUMP, MICRO, FULL = range(4)

SYMPTOMS = ("healthy", "jump", "micro", "full")  # in words


class Findings(NamedTuple):
    """What the detector says after an attempt; `symptoms` alone is what to act on.

    Attributes:
      symptoms: of the tasks at the last look, int32 [T]: HEALTHY 0; JUMP 1, one is open;
        MICRO 2, one came back; FULL 3, for as long as it lasts.
      began: whether this attempt made it another symptom, bool [T].
      levels: the usual loss, before the jump if one is open, float32 [T]; NaN or infinite
        before the first loss is known.
      norm_symptom: HEALTHY or JUMP, of the norm of all gradients, int32 [1].
    """

    symptoms: tf.Tensor
    began: tf.Tensor
    levels: tf.Tensor
    norm_symptom: tf.Tensor


class Detector:
    """Watches the loss of each task, the AUC of the binary ones, and the gradients' norm.

    Refused attempts never enter, nor do those of an open jump, nor what is not finite. It
    looks at every fifth attempt, at the five together; in between, what it said holds.

    Attributes:
      detect: as given.
      is_binary, bases: as given.
      variables: all state by name, for checkpoints: "block" float32 [5, T], the losses since
        the last look, NaN of refused attempts, and "num_attempts" int64, all of them; "num_bad"
        int64 [T], attempts in a row that were refused or whose loss was not finite, in fives;
        "symptoms" int64 [T]; those of `Chance`; those of `Jumps`, "norm_" before the norm's.
    """

    def __init__(
        self, detect: Detect, *, is_binary: Sequence[bool], bases: Sequence[float] = ()
    ) -> None:
        """Makes the variables, with nothing seen.

        Args:
          is_binary: of each task, in order.
          bases: the loss of each task at the constant that is best for it, >= 0, such as the
            entropy of its base rate; 0 if not known, as if none is given: then the first
            loss stands for it.

        Raises:
          ValueError: unless there is a finite base >= 0 for each task, or none.
        """
        self.detect = detect
        self.is_binary = tuple(is_binary)
        num_tasks = len(self.is_binary)
        self.bases = tuple(bases) or (0.0,) * num_tasks
        if len(self.bases) != num_tasks or not all(0 <= b < math.inf for b in self.bases):
            raise ValueError(f"bases must be {num_tasks} finite numbers >= 0, got {self.bases}")
        self._losses = Jumps(detect, bases=self.bases, width=BLOCK, is_held=True)
        self._norm = Jumps(detect, bases=[0.0], width=1, is_held=False)
        self._chance = Chance(num_tasks=sum(is_binary), length=detect.max_recovery // BLOCK)
        initial = {
            "block": tf.zeros([BLOCK, num_tasks]),
            "num_attempts": tf.zeros([], tf.int64),
            "num_bad": tf.zeros([num_tasks], tf.int64),
            "symptoms": tf.zeros([num_tasks], tf.int64),
        }
        own = {n: tf.Variable(value, trainable=False, name=n) for n, value in initial.items()}
        norms = {f"norm_{name}": variable for name, variable in self._norm.variables.items()}
        self.variables: dict[str, tf.Variable] = {
            **own,
            **self._losses.variables,
            **norms,
            **self._chance.variables,
        }

    def observe(
        self,
        losses: tf.Tensor,
        ranked: Sequence[Ranked],
        *,
        norm: Callable[[], tf.Tensor],
        accept: tf.Tensor,
    ) -> Findings:
        """Takes an attempt and returns what it shows; call once an attempt.

        Args:
          losses: of the tasks, [T].
          ranked: logits, labels and weights of each binary task, in order, each [B].
          norm: returns that of all gradients, a scalar; only a look asks.
          accept: whether the attempt was committed.
        """
        num, block = self.variables["num_attempts"], self.variables["block"]
        index = num.assign_add(1) - 1
        row = tf.where(accept, losses, math.nan)
        block.scatter_update(tf.IndexedSlices(row[tf.newaxis], index[tf.newaxis] % BLOCK))
        began = choose(
            index % BLOCK == BLOCK - 1,
            lambda: self._look(ranked, norm=norm, accept=accept),
            lambda: tf.zeros([len(self.is_binary)], tf.bool),
        )
        norm_age = self._norm.variables["age"].read_value()
        return Findings(
            symptoms=tf.cast(self.variables["symptoms"].read_value(), tf.int32),
            began=began,
            levels=self._losses.variables["level"].read_value(),
            norm_symptom=tf.where(norm_age > 0, JUMP, HEALTHY),
        )

    def _look(
        self, ranked: Sequence[Ranked], *, norm: Callable[[], tf.Tensor], accept: tf.Tensor
    ) -> tf.Tensor:
        """Judges the last five attempts; returns whether each symptom is a new one, [T]."""
        values = tf.transpose(self.variables["block"].read_value())
        is_finite = tf.math.is_finite(values)
        jump = self._losses.observe(tf.where(is_finite & (values != 0), values, -math.inf))
        size = norm()
        is_known = tf.math.is_finite(size) & accept
        self._norm.observe(tf.where(is_known, size, -math.inf)[tf.newaxis, tf.newaxis])
        num_bad, symptoms = self.variables["num_bad"], self.variables["symptoms"]
        is_bad = tf.cast(~tf.reduce_any(is_finite, axis=1), tf.int64)
        num_bad.assign((num_bad + BLOCK) * is_bad)
        limit = self.detect.max_recovery
        is_full = (jump.age >= limit) | (num_bad.read_value() >= limit)
        if ranked:
            is_full |= self._at_chance(ranked, accept)
        is_open_or_was = tf.where(jump.age > 0, JUMP, tf.where(jump.has_returned, MICRO, HEALTHY))
        found = tf.cast(tf.where(is_full, FULL, is_open_or_was), tf.int64)
        began = found != symptoms.read_value()
        symptoms.assign(found)
        return began

    def _at_chance(self, ranked: Sequence[Ranked], accept: tf.Tensor) -> tf.Tensor:
        """Returns of each task whether it ranks no better than chance any more, [T]."""
        ranking = rank(*(tf.stack(part) for part in zip(*ranked, strict=True)))
        found = self._chance.observe(ranking, accept)
        indices = [[index] for index, is_one in enumerate(self.is_binary) if is_one]
        return tf.scatter_nd(indices, found, [len(self.is_binary)])


def no_findings() -> Findings:
    """Returns what is reported where there is no detector: nothing, each [0]."""
    nothing = tf.zeros([0], tf.int32)
    return Findings(nothing, tf.zeros([0], tf.bool), tf.zeros([0]), nothing)
