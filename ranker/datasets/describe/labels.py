"""Which columns say what came of a row: the tasks."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from ranker.datasets.describe import names
from ranker.datasets.describe.column import BOOL, NUMBER, TEXT, WHOLE, Column
from ranker.datasets.errors import DatasetError
from ranker.spec.table import BinaryTask, RegressionTask, TableTask

_MOST_EVENTS = 12
_NO = {"no", "n", "f", "false", "0", "none", "negative", "off", "-1"}
_YES = {"yes", "y", "t", "true", "1", "positive", "on"}


@dataclasses.dataclass(frozen=True, eq=False)
class Label:
    """A label, and the task that it makes.

    Attributes:
      name: of the task.
      task: its declaration.
      columns: that it is made of.
      values: the label, NaN where there is none. [N]
      why: what it was taken for.
      remarks: what to know of it.
    """

    name: str
    task: TableTask
    columns: tuple[str, ...]
    values: np.ndarray
    why: str
    remarks: tuple[str, ...] = ()

    @property
    def is_binary(self) -> bool:
        """Whether it is 0 and 1."""
        return isinstance(self.task, BinaryTask)

    @property
    def has_label(self) -> np.ndarray:
        """Where there is a label, bool [N]."""
        return ~np.isnan(self.values)

    @property
    def is_positive(self) -> np.ndarray:
        """Where it is 1; of a number, where it is above the median. bool [N]"""
        known = self.values[self.has_label]
        limit = 0.5 if self.is_binary or not len(known) else float(np.median(known))
        return np.nan_to_num(self.values, nan=-np.inf) > limit


def find_labels(
    columns: Mapping[str, Column], asked: Sequence[str], taken: set[str]
) -> tuple[list[Label], list[Label]]:
    """Returns the labels that become tasks, and those that look like some and were not asked for.

    Args:
      asked: columns that somebody named; none to guess.
      taken: columns that are the user, the item, the time or the request.

    Raises:
      DatasetError: for a column that was named and can be no label.
    """
    guessed = [label for name, column in columns.items() if name not in taken
               for label in _guess(column)]  # fmt: skip
    if not asked:
        return (guessed or _only_binary(columns, taken)), []
    labels = []
    for name in asked:
        known = [label for label in guessed if name in label.columns]
        labels += known or [_asked(columns[name])]
    return labels, [label for label in guessed if label not in labels]


def candidates(columns: Mapping[str, Column], taken: set[str]) -> list[str]:
    """Returns the columns of two values, in order: any of them could be a label."""
    return [name for name, column in columns.items() if name not in taken and _binary(column)]


def _only_binary(columns: Mapping[str, Column], taken: set[str]) -> list[Label]:
    found = candidates(columns, taken)
    label = _binary(columns[found[0]]) if len(found) == 1 else None
    if label is None:
        return []
    return [dataclasses.replace(label, why="the one column of two values: check it")]


def _guess(column: Column) -> list[Label]:
    name = column.name
    if column.look == TEXT and 2 <= len(column.counts) <= _MOST_EVENTS:
        if names.is_event_column(name, column.words()):
            return _of_events(column)
        return _named([_binary(column)]) if names.is_event(name) else []
    if names.is_event(name) and (label := _binary(column)):
        return _named([label])
    if column.look not in (WHOLE, NUMBER) or len(column.counts) < 2:
        return []
    if names.is_event(name) and column.range[0] >= 0:
        return _of_count(column)
    if names.is_duration(name) and column.range[0] >= 0:
        is_hour_of_day = names.tokens(name) == ["hours"] and column.range[1] <= 24
        return [] if is_hour_of_day else [_number(column, "a duration, by its name")]
    if names.is_rating(name) and column.range[1] - column.range[0] <= 100:
        return [_number(column, "a rating, by its name")]
    return [_number(column, "money, by its name")] if names.is_money(name) else []


def _named(labels: Sequence[Label | None]) -> list[Label]:
    return [label for label in labels if label is not None]


def _asked(column: Column) -> Label:
    label = _binary(column)
    if label is None and column.look in (WHOLE, NUMBER) and len(column.counts) >= 2:
        label = _number(column, "")
    if label is None:
        few = ", ".join(repr(word)[:40] for word in column.words(3))
        raise DatasetError(
            f"--label: column {column.name!r:.80} is no label, with {len(column.counts):,} values "
            f"such as {few or 'none'}: a label has two values, or is a number; write a condition "
            "into the spec, or a column of 0 and 1"
        )
    return dataclasses.replace(label, why="by --label")


def _binary(column: Column) -> Label | None:
    """Returns the label of a column of two values; None if it has more, or cannot be named."""
    named = names.expression(column.name)
    if not named or not 1 <= len(column.counts) <= 2:
        return None
    missing = column.is_missing
    if column.look in (BOOL, WHOLE, NUMBER):
        low, high = column.range
        if (low, high) == (0, 1):
            return _made(column, "", column.numbers, "0 and 1")
        if low == high == 1 and missing.any():
            values = np.where(missing, 0.0, 1.0)
            return _made(column, f"if_null({named}, 0)", values, "1 or nothing")
        if len(column.counts) == 2:
            values = np.where(missing, np.nan, column.numbers == high)
            return _made(column, f"{named} == {high:g}", values, f"{low:g} and {high:g}")
        return None
    words = column.words(2)
    yes = [word for word in words if word.strip().lower() in _YES]
    no = [word for word in words if word.strip().lower() in _NO]
    if column.look != TEXT or len(yes) != 1 or len(no) != 1 or "'" in yes[0]:
        return None
    is_yes = column.coded[0] == column.coded[1].to_pylist().index(yes[0])
    values = np.where(missing, np.nan, is_yes)
    return _made(column, f"{named} == '{yes[0]}'", values, f"{no[0]} and {yes[0]}")


def _made(column: Column, label: str, values: np.ndarray, holds: str) -> Label:
    plain = label or (column.name if names.expression(column.name) == column.name else
                      names.expression(column.name))  # fmt: skip
    task = BinaryTask(label=plain)
    return Label(column.name, task, (column.name,), values, f"{holds}, by its name")


def _of_count(column: Column) -> list[Label]:
    """Returns the label of a count: whether there was any, where most rows have none."""
    named = names.expression(column.name)
    words = set(names.tokens(column.name))
    if not named or (not names.is_count(column.name) and not _is_small(column)):
        return _plain_target(column) if words & {"label", "target", "y", "response"} else []
    if not names.is_count(column.name):
        values = np.where(np.isnan(column.numbers), np.nan, column.numbers > 0)
        task = BinaryTask(label=f"{named} > 0")
        return [Label(column.name, task, (column.name,), values, "a count, mostly 0")]
    return [_number(column, "a count, by its name; a feature if it was known before the row")]


def _is_small(column: Column) -> bool:
    known = column.numbers[~np.isnan(column.numbers)]
    return column.look == WHOLE and column.range[1] <= 1_000 and float(np.mean(known == 0)) >= 0.5


def _plain_target(column: Column) -> list[Label]:
    return [_number(column, "a number, by its name")] if names.expression(column.name) else []


def _number(column: Column, why: str) -> Label:
    named = names.expression(column.name)
    if not named:
        raise DatasetError(f"column {column.name!r:.80}: no expression can name it; rename it")
    task = RegressionTask(label=named)
    return Label(column.name, task, (column.name,), column.numbers, why)


def _of_events(column: Column) -> list[Label]:
    """Returns a label for each thing that a column says happened, but for what is least."""
    named = names.expression(column.name)
    words = column.words(_MOST_EVENTS)
    least = [word for word in words if names.is_least_event(word)][:1] or words[:1]
    labels = []
    for word in words:
        if word in least or "'" in word or not named:
            continue
        code = column.coded[1].to_pylist().index(word)
        values = np.where(column.is_missing, np.nan, column.coded[0] == code)
        task = BinaryTask(label=f"{named} == '{word}'")
        why = f"rows of {column.name} = {word} among those of {', '.join(words)}"
        labels.append(Label(word, task, (column.name,), values, why))
    return labels
