"""Faults of the batch: columns of features, labels or weights are not what they were."""

import dataclasses
import math
from typing import Literal

import tensorflow as tf

from ranker.inject.injector import Ranged, check_share, chosen
from ranker.inject.subjects import Subjects, match
from ranker.numerics import Number, check_member

Part = Literal["features", "labels", "weights"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class BatchFault(Ranged):
    """A fault of columns of the batch; its targets name them."""

    @property
    def part(self) -> Part:
        """Where in the batch its columns are."""
        return "features"

    def spoil(self, values: tf.Tensor, *, seed: tf.Tensor, unknown: range) -> tf.Tensor:
        """Returns what the column has instead of `values` while the fault is on.

        Args:
          values: [B], or [B, L] if multi-valued.
          seed: int64 [2]; differs by run, attempt, injector and column.
          unknown: the rows of the column's table that unknown values get.
        """
        del seed, unknown
        return values


@dataclasses.dataclass(frozen=True, kw_only=True)
class NotFinite(BatchFault):
    """A share of the rows of a numeric feature, or of a task's labels, is not finite.

    Attributes:
      feature, task: whose; exactly one is given.
      value: "nan", "inf" or "-inf".
      share: of the rows, in [0, 1].

    Source: facebookresearch/dlrm, issue 363: NaN from the log of a bad number.
    """

    kind = "not_finite"
    feature: str = ""
    task: str = ""
    value: str = "nan"
    share: Number = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_member(self, "value", ("nan", "inf", "-inf"))
        check_share(self, "share")
        if bool(self.feature) == bool(self.task):
            raise ValueError(
                f"NotFinite: one of feature and task must be given, "
                f"got {self.feature!r} and {self.task!r}"
            )

    @property
    def part(self) -> Part:
        """Where in the batch its columns are."""
        return "labels" if self.task else "features"

    def targets(self, subjects: Subjects) -> tuple[str, ...]:
        """Returns the numeric features or the tasks."""
        if self.task:
            return match(self.task, subjects.tasks(), what="task")
        return match(self.feature, subjects.features("numeric"), what="numeric feature")

    def spoil(self, values: tf.Tensor, *, seed: tf.Tensor, unknown: range) -> tf.Tensor:
        """Returns `values` with `value` at the rows chosen."""
        del unknown
        bad = tf.constant({"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[self.value])
        return tf.where(chosen(self.share, tf.shape(values), seed=seed), bad, values)
