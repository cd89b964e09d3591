"""Which columns must not be features: they tell a label, or were recorded after the row."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ranker.datasets.describe import names
from ranker.datasets.describe.association import best_use_auc
from ranker.datasets.describe.column import LIST, MOMENT, NUMBER, TEXT, WHOLE, Column
from ranker.datasets.describe.labels import Label
from ranker.datasets.describe.roles import Roles, moments, unit_of
from ranker.datasets.describe.texts import delimiter_of, is_prose

LIMIT = 0.995  # of an AUC: no honest column predicts a label that well
_ONE_A_ROW = 0.98  # of a sample's rows have a value of their own
_GROWS = 0.995  # of a rank correlation with time
_COMES_AGAIN = 1.2  # rows a value
_LATER = 0.001  # of the rows


class LabelAuc(NamedTuple):
    """How well a column alone predicts a label: the AUC, 0.5 to 1, and the label."""

    auc: float
    label: Label


def label_aucs(
    columns: Mapping[str, Column], labels: Sequence[Label], used: set[str]
) -> dict[str, LabelAuc]:
    """Returns, by column that is not `used`, the label that it predicts best."""
    return {
        name: max(
            (
                LabelAuc(best_use_auc(column, label.is_positive, label.has_label), label)
                for label in labels
            ),
            key=lambda best: best.auc,
        )
        for name, column in columns.items()
        if labels and name not in used
    }


def reasons(
    columns: Mapping[str, Column],
    labels: Sequence[Label],
    roles: Roles,
    best_aucs: Mapping[str, LabelAuc],
) -> dict[str, str]:
    """Returns, by column, why it is left out of the features; labels and roles are not looked at.

    Args:
      best_aucs: what `label_aucs` returns.
    """
    used = {name for label in labels for name in label.columns} | roles.taken
    found: dict[str, str] = {}
    before: dict[bytes, str] = {}
    for name, column in columns.items():
        why = "" if name in used else _reason(column, columns, best_aucs.get(name), roles)
        if not why and column.num_valid and not _is_of_several(column):
            twin = before.setdefault(_digest(column), name)
            if twin != name and name not in used:
                why = _equal(twin, labels)
        if why:
            found[name] = why
    return found


def _reason(
    column: Column, columns: Mapping[str, Column], best: LabelAuc | None, roles: Roles
) -> str:
    if not column.num_valid:
        return "it has no values"
    if len(column.counts) == 1 and not column.is_missing.any():
        return f"constant: it is {column.words(1)[0]!r:.60} in every row"
    if not column.name.strip():
        return "it has no name: the number of a row, as pandas writes it; rename it to use it"
    if best and best.auc > LIMIT:
        return _leak(best)
    if why := _of_time(column, columns, roles):
        return why
    if _is_one_a_row(column):
        return "one value a row: nothing can be learnt of it"
    if names.is_position(column.name):
        return (
            "the place at which the row was shown: a ranker decides it; as a feature it helps only "
            "where scoring gives all rows the same"
        )
    if names.is_propensity(column.name):
        return "of the policy that showed the row, not of the row; it may be a weight"
    return ""


def _leak(best: LabelAuc) -> str:
    name = best.label.name
    what = name if best.label.is_binary else f"whether {name} is above its median"
    return f"a leak: it alone predicts {what} (AUC {best.auc:.4f}), so it was recorded with it"


def _of_time(column: Column, columns: Mapping[str, Column], roles: Roles) -> str:
    if not roles.time or not (time_unit := unit_of(columns[roles.time])):
        return ""
    time = moments(columns[roles.time], time_unit)
    unit = unit_of(column)
    if column.look == MOMENT or (unit and names.is_time(column.name)):
        own = moments(column, unit)
        known = ~(np.isnan(own) | np.isnan(time))
        is_day = bool(known.any()) and bool(np.all(own[known] % 86_400 == 0))
        late = own[known] > time[known] + (86_399 if is_day else 0)
        if known.any() and late.mean() > _LATER:
            return f"a future time: after {roles.time} in {late.mean():.1%} of the rows"
        if known.any() and np.all(np.floor(own[known] / 86_400) == np.floor(time[known] / 86_400)):
            return f"the day of {roles.time}" if is_day else f"of the same day as {roles.time}"
        return ""
    if column.look in (WHOLE, NUMBER) and len(column.counts) > 100 and _grows(column.numbers, time):
        return f"it grows with {roles.time}: rows to come have values that no row had"
    return ""


def _grows(numbers: np.ndarray, time: np.ndarray) -> bool:
    known = ~(np.isnan(numbers) | np.isnan(time))
    if known.sum() < 100:
        return False
    ranks = [np.unique(values[known], return_inverse=True)[1] for values in (numbers, time)]
    return abs(float(np.corrcoef(ranks).min())) > _GROWS


def _is_one_a_row(column: Column) -> bool:
    if column.look in (NUMBER, MOMENT, LIST) or is_prose(column):
        return False
    if column.look == WHOLE and not (column.is_text or names.is_id(column.name)):
        low, high = column.range
        if high - low > 10 * column.num_rows and not names.is_id(column.name):
            return False
    return column.num_valid > 20 and len(column.counts) >= _ONE_A_ROW * column.num_valid


def _is_of_several(column: Column) -> bool:
    """Returns whether a row has several values: what an item has alone is not the item."""
    return column.look == LIST or is_prose(column) or bool(delimiter_of(column))


def _digest(column: Column) -> bytes:
    """Returns what columns that hold the same, up to the names of their values, share.

    Where most rows have a value of their own, names too: else all such columns were the same.
    """
    if column.repeats < _COMES_AGAIN:
        return (
            column.numbers.tobytes()
            if column.look != TEXT
            else b"".join(word.encode() for word in column.coded[1].to_pylist())
        )
    codes = column.coded[0]
    _, first, index = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first))  # values by when they came first
    return np.where(codes < 0, -1, order[index]).astype(np.int32).tobytes()


def _equal(twin: str, labels: Sequence[Label]) -> str:
    if any(twin in label.columns for label in labels):
        return f"a leak: it says the same as the label {twin}"
    return f"it says the same as {twin}, row by row"
