"""Where the tasks pull what they share: a matrix of their gradients, and a word if one is lost."""

import math
import statistics
from collections.abc import Sequence

from ranker.report import text
from ranker.report.run.record import Record
from ranker.report.table import Field, Table, name, table

NORM, COSINE, WEIGHT = (
    f"scalars/{kind}/" for kind in ("task_gradient_norm", "task_cosine", "task_weight")
)
_LOST = 30.0  # times: a task with so much less of a norm hardly moves what is shared


def tasks_of(record: Record) -> list[str]:
    """Returns the tasks whose gradients were measured, in order."""
    steps = record.logs.steps
    return [n.removeprefix(NORM) for n, s in steps.items() if n.startswith(NORM) and _known(s.y)]


def matrix(record: Record) -> Table:
    """Returns of each task the median norm of its gradient, and of each pair the mean cosine."""
    tasks = tasks_of(record)
    rows = [
        (name(one), *(_norm(record, one) if one == o else _pair(record, one, o) for o in tasks))
        for one in tasks
    ]
    return table(("task", *tasks), rows)


def advice(record: Record) -> str:
    """Returns a sentence if one task's norm is so many times another's; else ""."""
    norms = {task: statistics.median(_known(_of(record, NORM + task))) for task in tasks_of(record)}
    norms = {task: norm for task, norm in norms.items() if norm > 0}
    if not norms:
        return ""
    small, large = min(norms, key=norms.__getitem__), max(norms, key=norms.__getitem__)
    if (times := norms[large] / norms[small]) < _LOST:
        return ""
    return (
        f"The gradient of {large} is {text.number(times, 2)} times that of {small} where they "
        f"share variables, so {small} hardly moves what is shared: give it a larger "
        f"objective.task_weights, or {large} a smaller one."
    )


def _norm(record: Record, task: str) -> Field:
    return Field(text.number(statistics.median(_known(_of(record, NORM + task)))), "norm")


def _pair(record: Record, one: str, other: str) -> Field:
    both = (f"{COSINE}{one}/{other}", f"{COSINE}{other}/{one}")
    cosines = next((known for name in both if (known := _known(_of(record, name)))), [])
    if not cosines:
        return Field(text.DASH)
    against = sum(cosine < 0 for cosine in cosines) / len(cosines)
    return Field(text.number(statistics.mean(cosines), 2), f"against in {text.percent(against)}")


def _of(record: Record, name: str) -> Sequence[float]:
    series = record.logs.steps.get(name)
    return series.y if series else ()


def _known(values: Sequence[float]) -> list[float]:
    return [value for value in values if math.isfinite(value)]
