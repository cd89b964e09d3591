"""What is minimised: a loss a task, their weights, and how their gradients become one."""

import dataclasses
from typing import ClassVar, Literal

from ranker.spec.aggregate import Aggregation, Shared, Sum
from ranker.spec.part import Count, Part, Positive, declared, register


class Loss(Part):
    """A loss of one task: of each row, by its logit and its label.

    Attributes:
      task_kind: of the tasks that may have it.
    """

    task_kind: ClassVar[Literal["binary", "regression"]] = "binary"


@register("cross_entropy", acts="ranker.objective.pointwise.CrossEntropyLoss")
class CrossEntropy(Loss):
    """The cross-entropy of a binary label."""


Unit = Literal["deviation", "label"]


@register("squared", acts="ranker.objective.pointwise.SquaredLoss")
class Squared(Loss):
    """The squared error of a regression.

    Attributes:
      unit: the unit of an error: "deviation", the standard deviation of the training labels,
        so that no task swamps the others by its units; or "label", the label's own.
    """

    task_kind: ClassVar[Literal["binary", "regression"]] = "regression"
    unit: Unit = "deviation"


@register("huber", acts="ranker.objective.pointwise.HuberLoss")
class Huber(Loss):
    """Huber's error of a regression: squared near the label, straight further off.

    Attributes:
      delta: where it turns straight, in `unit`.
      unit: as in `Squared`.
    """

    task_kind: ClassVar[Literal["binary", "regression"]] = "regression"
    delta: Positive = 1.0
    unit: Unit = "deviation"


@declared
class TelemetrySettings(Part):
    """Where the tasks pull what they share: norms and cosines of their gradients, told as scalars.

    Attributes:
      every_attempts: a measurement each, a multiple of `train.log_every_attempts`; 0 for none.
      of: gradients of which shared variables: "last", the kernels of the last layers that the
        tasks share, which costs least; "dense", all but the tables; or "all".
    """

    every_attempts: Count = 0
    of: Shared = "last"


@declared
class ObjectiveSettings(Part):
    """What is minimised.

    Attributes:
      task_weights: share of each task in the sum; a task not named weighs 1.
      binary: loss of the binary tasks.
      regression: loss of the regression tasks.
      losses: loss of a task by its name, in place of that of its kind.
      aggregate: the tasks' gradients to the one that is proposed.
      telemetry: of the tasks' gradients.
    """

    renamed: ClassVar = {"huber_delta": "regression.delta", "aggregation": "aggregate"}
    task_weights: dict[str, float] = dataclasses.field(default_factory=dict)
    binary: Loss = CrossEntropy()
    regression: Loss = Squared()
    losses: dict[str, Loss] = dataclasses.field(default_factory=dict)
    aggregate: Aggregation = Sum()
    telemetry: TelemetrySettings = TelemetrySettings()

    def check(self) -> None:
        """Raises ValueError for a negative weight, or a loss of tasks of another kind."""
        for name, weight in self.task_weights.items():
            if weight < 0:
                raise ValueError(f"task_weights.{name} must be >= 0, got {weight}")
        for kind in ("binary", "regression"):
            loss = getattr(self, kind)
            if loss.task_kind != kind:
                raise ValueError(f"{kind}: {loss.kind!r} is a loss of {loss.task_kind} tasks")
