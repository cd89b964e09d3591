"""What went bad first in a refused attempt, and what to try.

Looked up on the host once an attempt is refused: good attempts pay nothing for it.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ranker.guard.verdict import (
    BAD_CHANGE,
    BAD_GRADIENT,
    BAD_LOSS,
    BAD_STATISTIC,
    LOSS_SPIKE,
    NORM_SPIKE,
)
from ranker.input.batch import Batch
from ranker.input.rules import bounds
from ranker.schema import Feature, Schema, Task

# Of any rows at most one in 400 is farther than 20 standard deviations from their mean
# (Chebyshev); where an attempt was refused such a value is the first thing to look at.
FAR_DEVIATIONS = 20.0
NUM_EXAMPLES = 5  # named in an event
NUM_VARIABLES = 3
NUM_ATTEMPTS = 8  # of clip factors kept

_BY_REASON = {
    BAD_LOSS: "loss",
    LOSS_SPIKE: "loss",
    BAD_GRADIENT: "gradient",
    NORM_SPIKE: "gradient",
    BAD_CHANGE: "update",
    BAD_STATISTIC: "statistic",
}
_TRY = {
    "input": "Fix {column} where the data are prepared, or give it a minimum and a maximum in "
    "schema.toml, so that such rows are left out.",
    "label": "Fix the labels of {column} where the data are prepared; see schema.toml.",
    "loss": "The inputs and labels are usual and the model's answer is not: clip updates, "
    "[[clip]] kind = 'clippy', or lower the learning rate.",
    "gradient": "Clip gradients, [[clip]] kind = 'norm' or 'global_norm', or lower the rate.",
    "update": "Lower the learning rate, or raise the rule's epsilon or initial_accumulator, which "
    "divides the gradient.",
    "statistic": "Take another clipper, or larger limits: what it keeps of past steps overflowed.",
}


class Cause(NamedTuple):
    """What went bad first.

    Attributes:
      what: "input" or "label", if a value there is not finite or far out; else what the
        guard found: "loss", "gradient", "update" or "statistic".
      column: the feature or task of an input or label; else "".
      examples: rows of the batch that have it, the first few.
      values: theirs.
    """

    what: str
    column: str = ""
    examples: tuple[int, ...] = ()
    values: tuple[float, ...] = ()

    def event(self) -> dict:
        """Returns what an event says of it, JSON-ready."""
        found = {"first_bad": self.what, "try": _TRY[self.what].format(column=self.column)}
        if not self.column:
            return found
        where = {"examples": list(self.examples), "values": list(self.values)}
        return found | {"column": self.column} | where


def find_cause(batch: Batch, schema: Schema, *, reason: int) -> Cause:
    """Returns what went bad first in `batch` (NumPy arrays), else what the guard's `reason` says.

    A value that is not finite comes before one that is far out: it alone is sure.
    """
    for judge in (_not_finite, _far):
        for what, column, values, bad in judge(batch, schema):
            if bad.any():
                rows = np.flatnonzero(bad)[:NUM_EXAMPLES]
                return Cause(what, column, tuple(rows.tolist()), tuple(values[rows].tolist()))
    return Cause(_BY_REASON[reason])


def lowest_factors(factors: np.ndarray, names: tuple[str, ...]) -> dict[str, list[float]]:
    """Returns the clip factors, old to new, of the few variables that were clipped most.

    Args:
      factors: of the last attempts, [N, V].
    """
    known = np.nan_to_num(factors, nan=0.0)
    lowest = known.min(axis=0, initial=1.0)
    order = np.argsort(lowest, kind="stable")[:NUM_VARIABLES]
    clipped = [int(v) for v in order if lowest[v] < 1]
    return {names[v]: [float(f"{f:.4g}") for f in factors[:, v]] for v in clipped}


_Column = tuple[str, str, np.ndarray, np.ndarray]


def _not_finite(batch: Batch, schema: Schema) -> Iterator[_Column]:
    for feature in _numeric(schema):
        values = batch.features[feature.name]
        yield "input", feature.name, values, ~np.isfinite(values)
    for task, labels, is_counted in _labels(batch, schema):
        yield "label", task.name, labels, is_counted & ~np.isfinite(labels)


def _far(batch: Batch, schema: Schema) -> Iterator[_Column]:
    for feature in _numeric(schema):
        values = batch.features[feature.name]
        yield "input", feature.name, values, _deviations(feature, values) > FAR_DEVIATIONS
    for task, labels, is_counted in _labels(batch, schema):
        lowest, highest = bounds(task)
        within = (labels >= lowest) & (labels <= highest)
        yield "label", task.name, labels, is_counted & ~within


def _numeric(schema: Schema) -> list[Feature]:
    return [feature for feature in schema.features if feature.kind == "numeric"]


def _labels(batch: Batch, schema: Schema) -> Iterator[tuple[Task, np.ndarray, np.ndarray]]:
    for task in schema.tasks:
        yield task, batch.labels[task.name], batch.weights[task.name] > 0


def _deviations(feature: Feature, values: np.ndarray) -> np.ndarray:
    values = values.astype(np.float64)
    if feature.log1p:
        values = np.log1p(np.maximum(values, 0.0))
    return np.abs(values - feature.mean) / feature.standard_deviation
