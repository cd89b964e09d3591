"""What a model must keep to before it is served in place of another; `ranker.gate` judges."""

from typing import Annotated

from annotated_types import Ge, Gt, Lt

from ranker.spec.part import AtLeastOne, NonNegative, Part, Positive, Share, declared, register


@declared
class Check(Part):
    """A condition on the candidate, alone or beside the model that is served now.

    Attributes:
      task: the task that it is about, by name; "" for every one that it fits.
    """

    task: str = ""


@register("fall", acts="ranker.gate.checks.FallCheck")
class Fall(Check):
    """No metric may fall by more than a share of what the served model has.

    It blocks where the fall is larger than that and the rows tell it from no fall: the whole
    interval of the paired bootstrap lies on the worse side of zero.

    Attributes:
      metric: of the task, as `evaluate` names it; "" for auc or, of a regression, rmse.
      largest: fall, as a share of the served model's value; 0.01 is one percent.
    """

    metric: str = ""
    largest: NonNegative = 0.01


@register("bound", acts="ranker.gate.checks.BoundCheck")
class Bound(Check):
    """A metric must keep to a bound, whatever the served model has.

    It blocks where the value is out of the bound and the whole interval of the bootstrap is.

    Attributes:
      metric: of the task, as `evaluate` names it; "" for auc or, of a regression, rmse.
      at_least: lowest value.
      at_most: highest value.
    """

    metric: str = ""
    at_least: float | None = None
    at_most: float | None = None

    def check(self) -> None:
        """Raises ValueError without a bound, or for two that leave nothing between them."""
        if self.at_least is None and self.at_most is None:
            raise ValueError(f"at_least or at_most must be given, got {self.at_least}")
        low, high = self.at_least, self.at_most
        if low is not None and high is not None and low > high:
            raise ValueError(f"at_least {low} is above at_most {high}")


@register("calibration", acts="ranker.gate.checks.CalibrationCheck")
class Calibration(Check):
    """The mean score over the mean label of a binary task must be near 1.

    It blocks where the ratio is out of the range and the whole interval of the bootstrap is.

    Attributes:
      smallest: ratio.
      largest: ratio.
      absolute: whether the range must be kept to whatever the served model has. If not, as in the
        gate's own checks, it blocks no first model, and none whose ratio is as near to 1 as that
        of the served one.
    """

    smallest: Annotated[float, Gt(0), Lt(1)] = 0.8
    largest: Annotated[float, Gt(1)] = 1.25
    absolute: bool = True


@register("scores", acts="ranker.gate.checks.ScoresCheck")
class Scores(Check):
    """The scores must not be distributed otherwise than those of the served model.

    Attributes:
      largest_distance: between the two distributions, in [0, 1]: the largest difference of
        their cumulative shares (Kolmogorov and Smirnov).
      changed_by: how far a score must move to count as changed, as a share of the standard
        deviation of the served model's scores.
      largest_changed: share of rows whose score changed.
    """

    largest_distance: Share = 0.3
    changed_by: NonNegative = 2.0
    largest_changed: Share = 0.5


@register("size", acts="ranker.gate.checks.SizeCheck")
class Size(Check):
    """The export must not be too large.

    Attributes:
      largest_mb: all of its files, in 10^6 bytes.
    """

    largest_mb: Positive = 10_000.0


@register("latency", acts="ranker.gate.checks.LatencyCheck")
class Latency(Check):
    """A request of 1,000 rows must be answered in time, in a process that serves the export.

    Attributes:
      largest_ms: median time of a request, in milliseconds.
    """

    largest_ms: Positive = 1_000.0


@declared
class GateSettings(Part):
    """When a candidate may take the served model's place.

    Scores that are not finite, and an export that scores otherwise than the model that was
    trained, always block.

    Attributes:
      checks: all must pass.
      confidence: of the intervals.
      resamples: of the bootstrap; users are drawn, with all of their rows.
    """

    checks: tuple[Check, ...] = (Fall(), Calibration(absolute=False), Scores())
    confidence: Annotated[float, Ge(0.5), Lt(1)] = 0.95
    resamples: AtLeastOne = 1_000
