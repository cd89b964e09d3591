"""What each column of prepared rows must be, and which of its rows are not.

A sound column costs a look at its extremes and no copy.
"""

import math
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ranker.input.rule import TYPES, Rule
from ranker.schema import Feature, Schema, Task

# Sums of sample weights, and of losses times them, keep within float32; nor does one that is
# above 0 become 0 in it, which would mask the row.
WEIGHTS = (1e-30, 1e30)

# A number without a stated range is taken for a mistake (a sentinel, another unit) if it is so many
# standard deviations from the training mean; so many of 1, if they are less, since the rows of one
# day do not say how far those of the next may go. Of N training rows none is farther than
# sqrt(N - 1) deviations, so that none is refused below 10^8 of them.
MAX_DEVIATIONS = 1e4

_LARGEST = float(np.finfo(np.float32).max)


def rules_of(schema: Schema, *, has_labels: bool = True) -> list[Rule]:
    """Returns a rule for each column of `schema` that is read.

    Args:
      has_labels: whether labels, time, request and weight are read beside the features.
    """
    rules = [feature_rule(feature) for feature in schema.features]
    if not has_labels:
        return rules
    rules += [_label_rule(task) for task in schema.tasks]
    rules.append(Rule(schema.time, pa.int64(), "must be Unix seconds", _are_null))
    if schema.request:
        rules.append(Rule(schema.request, pa.int64(), "must be a whole number", _are_null))
    if schema.weight:
        lowest, highest = WEIGHTS
        must = f"must be 0, or a number from {lowest:g} to {highest:g}"
        rules.append(Rule(schema.weight, pa.float64(), must, _zero_or(lowest, highest)))
    return rules


def feature_rule(feature: Feature) -> Rule:
    """Returns what a feature's column must be.

    An id may be any of its type, known or not: the vocabulary has rows for the unknown.
    A null list is an empty one; a null in a list, or for a single value, is bad.
    """
    kind = TYPES[feature.dtype]
    if feature.kind == "numeric":
        lowest, highest = bounds(feature)
        must = f"must be a number from {lowest:.7g} to {highest:.7g}"
        return Rule(feature.name, kind, must, _numbers(lowest, highest))
    is_text = feature.dtype == "string"
    if not feature.is_multivalued:
        must = "must be text in UTF-8" if is_text else "must be a whole number"
        return Rule(feature.name, kind, must, _are_no_text if is_text else _are_null)
    must = f"must be a list of {'texts in UTF-8' if is_text else 'whole numbers'} without a null"
    return Rule(feature.name, pa.list_(kind), must, _lists(is_text=is_text))


def bounds(column: Feature | Task) -> tuple[float, float]:
    """Returns the least and the largest raw value of a number that are valid, as float32 has them.

    Where the schema states no bound it is MAX_DEVIATIONS from the training mean. Before log1p a
    value must also be above -1, where the logarithm ends.
    """
    reach = MAX_DEVIATIONS * max(column.standard_deviation, 1.0)
    lowest, highest = column.mean - reach, column.mean + reach
    has_log1p = isinstance(column, Feature) and column.log1p
    if has_log1p:
        lowest, highest = -1.0, math.expm1(min(highest, math.log1p(_LARGEST)))
    lowest = lowest if column.minimum is None else column.minimum
    highest = highest if column.maximum is None else column.maximum
    if has_log1p:
        lowest = max(lowest, float(np.nextafter(np.float32(-1), np.float32(0))))
    return _as_float32(lowest), _as_float32(highest)


def _as_float32(value: float) -> float:
    return float(np.float32(min(max(value, -_LARGEST), _LARGEST)))


def _label_rule(task: Task) -> Rule:
    lowest, highest = bounds(task)
    if task.kind == "binary":
        must = f"must be {task.minimum:g} or {task.maximum:g}, or null"
        return Rule(task.name, pa.float32(), must, _either(lowest, highest))
    must = f"must be a number from {lowest:.7g} to {highest:.7g}, or null"
    return Rule(task.name, pa.float32(), must, _numbers(lowest, highest, null=lowest))


def _numbers(
    lowest: float, highest: float, *, null: float = math.nan
) -> Callable[[pa.Array], np.ndarray | None]:
    """Returns the check that numbers are in their range; a null counts as `null`."""

    def is_bad(column: pa.Array) -> np.ndarray | None:
        values = (column.fill_null(null) if column.null_count else column).to_numpy()
        # Written so that NaN, which the extremes of an array take over, is bad.
        if not len(values) or (values.min() >= lowest and values.max() <= highest):
            return None
        return ~((values >= lowest) & (values <= highest))

    return is_bad


def _zero_or(lowest: float, highest: float) -> Callable[[pa.Array], np.ndarray | None]:
    def is_bad(column: pa.Array) -> np.ndarray | None:
        values = column.fill_null(math.nan).to_numpy()
        is_good = (values == 0) | ((values >= lowest) & (values <= highest))
        return None if is_good.all() else ~is_good

    return is_bad


def _either(first: float, second: float) -> Callable[[pa.Array], np.ndarray | None]:
    def is_bad(column: pa.Array) -> np.ndarray | None:
        values = (column.fill_null(first) if column.null_count else column).to_numpy()
        is_one = (values == first) | (values == second)
        return None if is_one.all() else ~is_one

    return is_bad


def _are_null(column: pa.Array) -> np.ndarray | None:
    if not column.null_count:
        return None
    return column.is_null().to_numpy(zero_copy_only=False)


def _are_no_text(column: pa.Array) -> np.ndarray | None:
    """Nulls, and bytes that are not UTF-8: Parquet does not look at them."""
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return np.array([not _is_text(value) for value in column.cast(pa.binary()).to_pylist()])
    return _are_null(column)


def _is_text(value: bytes | None) -> bool:
    return value is not None and value.decode(errors="replace").encode() == value


def _lists(*, is_text: bool) -> Callable[[pa.Array], np.ndarray | None]:
    inner = _are_no_text if is_text else _are_null

    def is_bad(column: pa.Array) -> np.ndarray | None:
        mask = inner(pc.list_flatten(column))
        if mask is None:
            return None
        found = np.zeros(len(column), bool)
        found[pc.list_parent_indices(column).to_numpy()[mask]] = True
        return found

    return is_bad
