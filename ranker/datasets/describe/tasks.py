"""What was recorded of some rows alone: a duration that only clicked rows have is their task."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ranker.datasets.describe import names
from ranker.datasets.describe.column import NUMBER, WHOLE, Column
from ranker.datasets.describe.labels import Label
from ranker.spec.table import RegressionTask

_ALL = 0.999  # of the rows
_LEAST_POSITIVE = 20
_LEAST_VALUES = 5


def with_conditions(labels: Sequence[Label]) -> list[Label]:
    """Returns the labels, numbers that one binary label decides held to the rows where it is 1."""
    binary = [label for label in labels if label.is_binary]
    binary.sort(key=lambda label: int(label.is_positive.sum()))  # the narrowest first
    return [label if label.is_binary else _conditioned(label, binary) for label in labels]


def _conditioned(label: Label, binary: Sequence[Label]) -> Label:
    for other in binary:
        if _decides(other, label):
            rest = label.values[~other.is_positive & label.has_label]
            values = np.where(other.is_positive, label.values, np.nan)
            remark = f"{rest[0]:g} wherever {other.name} does not hold, so those rows have no label"
            return dataclasses.replace(
                label,
                task=dataclasses.replace(label.task, where=other.task.label),
                values=values,
                remarks=(*label.remarks, remark),
            )
    return label


def _decides(other: Label, label: Label) -> bool:
    """Returns whether a number is one and the same wherever the other label is 0."""
    known = label.has_label
    return _is_decided(label.values[known], other.is_positive[known])


def _is_decided(values: np.ndarray, is_positive: np.ndarray) -> bool:
    rest, held = values[~is_positive], values[is_positive]
    if len(rest) < _LEAST_POSITIVE or len(held) < _LEAST_POSITIVE:
        return False
    usual = rest[0]
    is_same = np.isnan(rest) if np.isnan(usual) else rest == usual
    is_other = ~np.isnan(held) if np.isnan(usual) else held != usual
    differing = held[is_other & ~np.isnan(held)]
    return (
        float(is_same.mean()) >= _ALL
        and len(differing) >= 0.5 * len(held)
        and len(np.unique(differing)) >= _LEAST_VALUES
    )


def outcomes(
    columns: Mapping[str, Column], labels: Sequence[Label], used: set[str]
) -> Iterator[Label]:
    """Yields a label for each number that only rows have where a binary label is 1.

    Args:
      used: columns that are not looked at.
    """
    binary = [label for label in labels if label.is_binary]
    for name, column in columns.items():
        named = names.expression(name)
        if name in used or not named or column.look not in (WHOLE, NUMBER):
            continue
        for label in binary:
            known = label.has_label
            if _is_decided(column.numbers[known], label.is_positive[known]):
                task = RegressionTask(label=named)
                why = f"one and the same unless {label.name}, so it was recorded with it or after"
                yield Label(name, task, (name,), column.numbers, why)
                break
