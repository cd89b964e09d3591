"""Where in its phases a run is, and what holds there: functions of the committed updates alone.

A table has a row a phase, so that one compiled step serves all of them, a run that is resumed
knows its phase by its step, and an attempt that is refused begins none. What is the same in all
phases is a constant of the graph, as it is without phases.
"""

import itertools
from collections.abc import Sequence
from typing import Literal

import numpy as np
import tensorflow as tf

from ranker.spec.phases import Phase


class Phases:
    """The phases of a run. Steps are committed updates; they may be float64 too.

    Attributes:
      phases: as given.
      first_step: int64, the updates committed before the run's first; None for 0.
    """

    def __init__(self, phases: Sequence[Phase], *, first_step: tf.Variable | None = None) -> None:
        """Takes at least one phase."""
        self.phases = tuple(phases)
        self.first_step = first_step
        self._begins = (0, *(phase.until_step for phase in self.phases[:-1]))

    @property
    def variables(self) -> dict[str, tf.Variable]:
        """What it goes by beside the step, by name, for checkpoints; {} for nothing."""
        return {} if self.first_step is None else {"first_step": self.first_step}

    def at(self, step: int) -> int:
        """Returns which phase the update after `step` others is in, outside of a graph."""
        own = step - (0 if self.first_step is None else int(self.first_step.numpy()))
        return sum(own >= begin for begin in self._begins[1:])

    def index(self, step: tf.Tensor) -> tf.Tensor:
        """Returns which phase the update after `step` others is in, an int32 scalar."""
        own = self._own(step)
        return tf.reduce_sum(tf.cast(own >= tf.constant(self._begins[1:], own.dtype), tf.int32))

    def since(
        self, what: Literal["schedule", "slots"], step: tf.Tensor, otherwise: tf.Tensor
    ) -> tf.Tensor:
        """Returns the updates committed since `what` began anew with a phase, a scalar.

        Args:
          otherwise: returned as long as it has not.
        """
        begins = (
            b if p.resets(what) else -1 for b, p in zip(self._begins, self.phases, strict=True)
        )
        last = list(itertools.accumulate(begins, max))
        if last[-1] < 0:
            return otherwise
        own = self._own(step)
        began = tf.gather(tf.constant(last, own.dtype), self.index(step))
        return tf.where(began < 0, otherwise, own - began)

    def begins_slots(self, step: tf.Tensor) -> tf.Tensor | None:
        """Returns whether slots begin anew with the update after `step` others, a bool scalar.

        None if they never do.
        """
        own, pairs = self._own(step), zip(self._begins, self.phases, strict=True)
        begins = [begin for begin, phase in pairs if phase.resets("slots")]
        return tf.reduce_any(own == tf.constant(begins, own.dtype)) if begins else None

    def is_frozen(self, group: str, step: tf.Tensor) -> tf.Tensor | None:
        """Returns whether nothing of a group is written, a bool scalar; None if it always is."""
        frozen = [group in phase.frozen for phase in self.phases]
        return self._chosen(np.array(frozen), step) if any(frozen) else None

    def rate(self, rate: tf.Tensor, group: str, step: tf.Tensor) -> tf.Tensor:
        """Returns what a group's learning rate is in the phase, float32 scalars."""
        factors = [phase.rate_factors.get(group, 1.0) for phase in self.phases]
        warmups = [phase.warmup_steps for phase in self.phases]
        if set(factors) != {1.0}:
            rate = rate * self._chosen(np.array(factors, np.float32), step)
        if any(warmups):
            own = self._own(step)
            begin = tf.gather(tf.constant(self._begins, own.dtype), self.index(step))
            lengths = self._chosen(np.maximum(np.array(warmups, np.float32), 1), step)
            rate = rate * tf.minimum(1.0, tf.cast(own - begin + 1, tf.float32) / lengths)
        return rate

    def _own(self, step: tf.Tensor) -> tf.Tensor:
        """Returns how many of `step` updates are the run's own."""
        step = tf.convert_to_tensor(step)
        return step if self.first_step is None else step - tf.cast(self.first_step, step.dtype)

    def _chosen(self, values: np.ndarray, step: tf.Tensor) -> tf.Tensor:
        """Returns the phase's of `values` [P]; a constant if they are one."""
        if (values == values[0]).all():
            return tf.constant(values[0])
        return tf.gather(tf.constant(values), self.index(step))
