"""Learning rates by step: pure functions of the number of committed updates."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any, Protocol

import tensorflow as tf
from annotated_types import Ge, Lt

from ranker.numerics import as_dtype
from ranker.spec import rule
from ranker.spec.part import AtLeastOne, Count, NonNegative, Part, Positive, declared


class Schedule(Protocol):
    """Returns the rate of the next update from the number committed before it."""

    def __call__(self, step: tf.Tensor) -> tf.Tensor: ...


@dataclasses.dataclass(frozen=True, kw_only=True)
class Constant(rule.Constant):
    """`ranker.spec.rule.Constant`.

    Attributes:
      rate: the highest.
    """

    rate: Positive

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Returns the rate of the update after `step` others, float32 scalar."""
        rate = as_dtype(self.rate, tf.float32)
        return rate * _risen(step, self.warmup_steps) if self.warmup_steps else rate


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cosine(rule.Cosine):
    """`ranker.spec.rule.Cosine`.

    Attributes:
      rate: the highest.
    """

    rate: Positive

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Returns the rate of the update after `step` others, float32 scalar."""
        length = self.decay_steps - self.warmup_steps
        past = tf.cast(step - self.warmup_steps, tf.float32) / length
        fall = (1 + tf.cos(math.pi * tf.clip_by_value(past, 0.0, 1.0))) / 2
        share = self.final_share + (1 - self.final_share) * fall
        return as_dtype(self.rate, tf.float32) * share * _risen(step, self.warmup_steps)


@dataclasses.dataclass(frozen=True, kw_only=True)
class InverseSquareRoot(rule.InverseSquareRoot):
    """`ranker.spec.rule.InverseSquareRoot`.

    Attributes:
      rate: the highest.

    Source: Vaswani et al. 2017, arXiv:1706.03762, section 5.3, with `rate` for its peak.
    """

    rate: Positive

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Returns the rate of the update after `step` others, float32 scalar."""
        share = self.warmup_steps / tf.cast(step + 1, tf.float32)
        rate = as_dtype(self.rate, tf.float32)
        return rate * _risen(step, self.warmup_steps) * tf.sqrt(tf.minimum(1.0, share))


@declared
class Restarts(Part):
    """Another schedule's rate, held back anew after every start over of a group's slots.

    The k-th update after one (k = 0, 1, ...) has the rate times

        1 - (1 - least_share) * (1 + cos(pi * (k + 1) / (warmup_steps + 1))) / 2

    and from k = `warmup_steps` on all of it; the first updates of all are left to `schedule`.

    Attributes:
      schedule: what is held back.
      every: `Group.reset_every`, >= 1.
      warmup_steps: >= 0 and < `every`.
      least_share: >= 0: where the cosine starts.

    Source: Huang et al. 2025, arXiv:2501.06842 (SPAM). In its authors' code the k-th update has k
    where k + 1 stands here: the first gets `least_share` itself, 0.01.
    """

    schedule: Schedule
    every: AtLeastOne
    warmup_steps: Count
    least_share: NonNegative = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        check_schedule(self.schedule, "Restarts")

    def check(self) -> None:
        """Raises ValueError for a warm-up that is never over."""
        self.require("warmup_steps", Ge(0), Lt(self.every))

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Returns the rate of the update after `step` others, float32 scalar."""
        past = tf.cast(tf.math.floormod(step, self.every) + 1, tf.float32) / (self.warmup_steps + 1)
        held = (1 - self.least_share) * (1 + tf.cos(math.pi * tf.minimum(past, 1.0))) / 2
        return tf.cast(self.schedule(step), tf.float32) * tf.where(step < self.every, 1.0, 1 - held)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Since:
    """Another schedule's rate, by the updates committed since a step other than the first.

    Attributes:
      schedule: what is asked.
      start: int64 scalar, the step that is its first; negative if it began before step 0.
    """

    schedule: Schedule
    start: tf.Variable

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Returns the rate of the update after `step` others, float32 scalar.

        A fault may shift the step, which then is float64.
        """
        step = tf.convert_to_tensor(step)
        return self.schedule(step - tf.cast(self.start, step.dtype))


def variables_of(schedule: Schedule) -> dict[str, tf.Variable]:
    """Returns what a schedule goes by beside the step, by name; {} for nothing."""
    if isinstance(schedule, Restarts):
        return variables_of(schedule.schedule)
    start = getattr(schedule, "start", None)  # of `Since`, and of what counts as it does
    return {"schedule_start": start} if isinstance(start, tf.Variable) else {}


def _as_tensor(schedule: Any) -> Callable[[tf.Tensor], tf.Tensor]:
    return lambda step: tf.convert_to_tensor(schedule(step))


def check_schedule(schedule: Any, what: str) -> None:
    """Raises unless `schedule` is one of these, or a function that a graph can be traced of.

    Such a function is given the number of committed updates, an int64 tensor, and returns the
    next rate; it is traced once here, so that it does not fail in a training step.

    Raises:
      TypeError: for anything else: text, a number, a class, a function of no argument, one that
        asks a tensor for its value.
      ValueError: if its first rate is not finite and >= 0.
    """
    if isinstance(schedule, Constant | Cosine | InverseSquareRoot | Restarts | Since):
        return
    if isinstance(schedule, type) or not callable(schedule):
        said = f"the class {schedule.__name__}" if isinstance(schedule, type) else repr(schedule)
        raise TypeError(f"{what}: schedule must be one such as Constant(rate=0.1), got {said}")
    named = f"schedule {getattr(schedule, '__qualname__', type(schedule).__name__)}"
    with tf.init_scope():
        drawn = tf.function(_as_tensor(schedule), autograph=False)
        try:
            rate = drawn.get_concrete_function(tf.TensorSpec([], tf.int64))(tf.zeros([], tf.int64))
        except (TypeError, ValueError, AttributeError, NotImplementedError) as error:
            reason = str(error).strip().partition("\n")[0].partition(". ")[0]
            raise TypeError(
                f"{what}: {named} must return a rate for a step, an int64 tensor, in a graph: "
                f"{reason}"
            ) from error
    if rate.shape.rank or not (rate.dtype.is_floating or rate.dtype.is_integer):
        raise TypeError(f"{what}: {named} must return one number, got {rate.dtype} {rate.shape}")
    if not 0 <= float(rate) < math.inf:
        raise ValueError(f"{what}: {named} must return a rate >= 0 and finite, got {float(rate)}")


def _risen(step: tf.Tensor, warmup_steps: int) -> tf.Tensor:
    """Returns the share of the rate that a linear warm-up allows, in (0, 1]."""
    if warmup_steps == 0:
        return tf.constant(1.0)
    return tf.minimum(1.0, tf.cast(step + 1, tf.float32) / warmup_steps)
