"""Whether labels are there: to train on, and for what chooses the best checkpoint."""

from collections.abc import Mapping, Sequence

import numpy as np

from ranker import measure
from ranker.input.split import Split
from ranker.schema import Schema
from ranker.spec.metric import Metric


def check_trainable(
    schema: Schema,
    ranges: Mapping[str, tuple[float, float]],
    weights: Mapping[str, float],
    *,
    where: str,
) -> None:
    """Raises ValueError, naming the tasks, unless their labels on `where` are to be learnt from.

    Args:
      ranges: by task the least and the largest label that counts; no entry for none.
      weights: of tasks in the objective; one that weighs 0 is not trained.
      where: what the training rows were read from.
    """
    said = []
    for task in schema.tasks:
        low, high = ranges.get(task.name, (None, None))
        if not weights.get(task.name, 1.0):
            continue
        if low is None:
            said.append(f"no row has a label of task {task.name!r}")
        elif task.kind == "binary" and low == high:
            said.append(f"every label of task {task.name!r} is {low:g}")
    if said:
        raise ValueError(
            f"{where}: {'; '.join(said)}: nothing can be learnt from that; fix the labels, name "
            "the other tasks in data.tasks, or give it weight 0 in objective.task_weights"
        )


def check_measurable(
    monitor: str,
    schema: Schema,
    split: Split,
    *,
    where: str,
    extra: Sequence[Metric] = (),
    setting: str = "train.monitor",
) -> None:
    """Raises ValueError, naming `setting` and why, unless `split` defines the monitored number.

    Which metrics there are depends on the labels alone, so any scores will do to see it.

    Args:
      monitor: as `check_monitor` accepts it.
      where: what `split` was read from, for the error.
      extra: metrics beside those that every evaluation has.
    """
    if monitor == "loss":
        if not any((weights > 0).any() for weights in split.rows.weights.values()):
            raise ValueError(f"{setting} 'loss' is nothing on {where}: no row has a label")
        return
    name, metric = monitor.split(".")
    task = schema.task(name)
    metrics = measure.evaluate(
        [task],
        labels=split.rows.labels,
        scores={name: np.full(len(split), 0.5, np.float32)},
        weights=split.rows.weights,
        users=split.users,
        is_warm=split.is_warm,
        requests=split.requests,
        extra=extra,
    )[name]
    if metric not in metrics:
        why = metrics.get("note", f"no {metric}")
        raise ValueError(
            f"{setting} {monitor!r} does not exist on {where}: {why}; take another, such as "
            "'loss', or rows on which it does"
        )
