"""Metrics beside those that every evaluation has; `ranker.measure` computes them."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from ranker.spec.part import AtLeastOne, Count, Part, kinds, register

_BY_REQUEST = "_by_request"


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

    @property
    def label(self) -> str:
        """What it is called in results, and after "task." in `train.monitor`."""
        return self.kind


@register("average_precision", acts="ranker.measure.average_precision.AveragePrecisionMetric")
class AveragePrecision(Metric):
    """The mean precision at the ranks of the positives: what a rare label's AUC does not show."""


class OfLists(Metric):
    """A metric of each list of rows that are ranked against each other, the mean over lists.

    What acts has `of`, which is given `ranker.measure.lists.Lists`.
    """

    by: Literal["user", "request"] = "user"

    @property
    def label(self) -> str:
        """Such as "ndcg@10", or "ndcg@10_by_request"."""
        k = getattr(self, "k", 0)
        cut = f"@{k}" if k else ""
        return f"{self.kind}{cut}{_BY_REQUEST if self.by == 'request' else ''}"


@register("ndcg", acts="ranker.measure.ranking.NdcgMetric")
class Ndcg(OfLists):
    """Discounted gain of the first rows, over that of the best order: 1 is perfect.

    Attributes:
      by: whose rows are one list: a "user"'s, or those of a "request", which the schema names.
      k: rows that count, from the top; 0 for all.
    """

    by: Literal["user", "request"] = "user"
    k: Count = 10


@register("mrr", acts="ranker.measure.ranking.MrrMetric")
class Mrr(OfLists):
    """One over the rank of the first positive row.

    Attributes:
      by: whose rows are one list: a "user"'s, or those of a "request", which the schema names.
      k: rows that count, from the top: a positive below them counts 0; 0 for all.
    """

    by: Literal["user", "request"] = "user"
    k: Count = 0


@register("map", acts="ranker.measure.ranking.MapMetric")
class Map(OfLists):
    """Mean average precision: of each list, the mean precision at the ranks of its positives.

    Attributes:
      by: whose rows are one list: a "user"'s, or those of a "request", which the schema names.
      k: rows that count, from the top; 0 for all.
    """

    by: Literal["user", "request"] = "user"
    k: Count = 0


@register("recall", acts="ranker.measure.ranking.RecallMetric")
class Recall(OfLists):
    """The share of a list's positives that are among its first rows.

    Attributes:
      by: whose rows are one list: a "user"'s, or those of a "request", which the schema names.
      k: rows that count, from the top.
    """

    by: Literal["user", "request"] = "user"
    k: AtLeastOne = 10


@register("precision", acts="ranker.measure.ranking.PrecisionMetric")
class Precision(OfLists):
    """The share of positives among the first k places; a place that a list lacks counts as none.

    Attributes:
      by: whose rows are one list: a "user"'s, or those of a "request", which the schema names.
      k: places, from the top.
    """

    by: Literal["user", "request"] = "user"
    k: AtLeastOne = 10


def check_labels(metrics: Sequence[Metric]) -> None:
    """Raises ValueError if two metrics would have one name in the results."""
    seen: set[str] = set()
    for index, metric in enumerate(metrics):
        if metric.label in seen:
            raise ValueError(f"metrics.{index}: {metric.label!r} is measured already; drop one")
        seen.add(metric.label)


def refuse_requests(metrics: Sequence[Metric], why: str) -> None:
    """Raises ValueError for a metric by request, saying `why` there are no requests."""
    for metric in metrics:
        if isinstance(metric, OfLists) and metric.by == "request":
            raise ValueError(
                f"metric {metric.label!r} is by request, and {why}; take by = 'user', or name the "
                'column of requests in schema.toml: request = "COLUMN"'
            )


def kind_of(label: str) -> str:
    """Returns the kind of the metric that a label is of: "ndcg@10" is "ndcg"."""
    return label.removesuffix(_BY_REQUEST).partition("@")[0]


def is_higher_better(label: str) -> bool | None:
    """Returns whether more of a metric of these is better; None for a label of none."""
    known = kinds(Metric).get(kind_of(label))
    return known and known.higher_is_better
