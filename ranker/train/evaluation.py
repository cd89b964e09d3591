"""What an evaluation found, and which of its numbers may choose the best checkpoint."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from ranker import measure
from ranker.schema import Schema, Task
from ranker.spec.metric import Metric, refuse_requests

_MONITORED = {
    "binary": ("auc", "gauc", "log_loss", "normalized_entropy", "ece"),
    "regression": ("rmse", "mae"),
}


class Evaluation(NamedTuple):
    """How a model does on a split.

    Attributes:
      loss: weighted sum of the tasks' losses over the whole split.
      metrics: by task, as `ranker.measure.evaluate` returns them.
      distributions: by task, as `ranker.measure.distributions` returns them; None if not asked.
    """

    loss: float
    metrics: dict
    distributions: dict | None = None

    def value(self, monitor: str) -> float:
        """Returns the monitored number, with its sign set so that lower is better.

        NaN, which is never the best, if these rows do not define it.

        Args:
          monitor: as `check_monitor` accepts it.
        """
        if monitor == "loss":
            return self.loss
        task, metric = monitor.split(".")
        value = self.metrics[task].get(metric, math.nan)
        return -value if measure.is_higher_better(metric) else value


def check_requests(metrics: Sequence[Metric], schema: Schema) -> None:
    """Raises ValueError for a metric by request where `schema` names no column of requests."""
    if not schema.request:
        refuse_requests(metrics, f"the schema of {schema.dataset!r} names no column of requests")


def check_monitor(
    monitor: str,
    tasks: Sequence[Task],
    *,
    extra: Sequence[Metric] = (),
    setting: str = "train.monitor",
) -> None:
    """Raises ValueError, naming `setting`, unless `monitor` is "loss" or a task's "task.metric".

    Args:
      extra: metrics beside those that every evaluation has.
    """
    known = ["loss"]
    for task in tasks:
        names = [*_MONITORED[task.kind], *(m.label for m in extra if m.task_kind == task.kind)]
        known += [f"{task.name}.{name}" for name in names]
    if monitor not in known:
        raise ValueError(f"{setting} {monitor!r} is none of {', '.join(known)}")
