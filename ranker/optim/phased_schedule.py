"""A learning rate in the phases of a run."""

import dataclasses

import tensorflow as tf

from ranker.optim.phases import Phases
from ranker.optim.schedules import Schedule


@dataclasses.dataclass(frozen=True, kw_only=True)
class InPhases:
    """Another schedule's rate, as the phases of a run have it for a group of variables.

    Attributes:
      schedule: what is asked.
      start: as of `Since`; None for the first step.
    """

    schedule: Schedule
    phases: Phases
    group: str
    start: tf.Variable | None = None

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Returns the rate of the update after `step` others, float32 scalar."""
        usual = step if self.start is None else step - tf.cast(self.start, step.dtype)
        rate = self.schedule(self.phases.since("schedule", step, usual))
        return self.phases.rate(rate, self.group, step)
