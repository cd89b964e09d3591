"""Metrics beside those that every evaluation has; `ranker.measure` computes them."""

from typing import ClassVar, Literal

from ranker.spec.part import Part, register


class Metric(Part):
    """A number of one task over the rows of a split that have its label.

    What acts is called with labels, scores and weights, float64 [N] in rising order of the
    scores, and users [N], and returns a float, or None where the rows do not define it.

    Attributes:
      task_kind: of the tasks that have it.
      higher_is_better: whether more of it is better.
    """

    task_kind: ClassVar[Literal["binary", "regression"]] = "binary"
    higher_is_better: ClassVar[bool] = True


@register("average_precision", acts="ranker.measure.average_precision.AveragePrecisionMetric")
class AveragePrecision(Metric):
    """The mean precision at the ranks of the positives: what a rare label's AUC does not show."""
