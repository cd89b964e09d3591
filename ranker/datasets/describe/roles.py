"""Which column is the user, the item, the time and the request: by names, else by the values."""

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

from ranker.datasets.describe import names
from ranker.datasets.describe.column import MOMENT, NUMBER, TEXT, WHOLE, Column
from ranker.datasets.errors import DatasetError
from ranker.datasets.table.batches import missing_columns
from ranker.wording import listed

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC).timestamp(), datetime(2100, 1, 1, tzinfo=UTC).timestamp()
_UNITS = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}  # in a second
_LEAST_VALUES = 20  # of a user or an item that no name tells
_MOST_NULL = 0.5
_LONGEST_ID = 64.0  # letters of an id, on average


@dataclasses.dataclass
class Roles:
    """The columns of the roles, "" for none.

    Attributes:
      time_unit: of `time`, where it is a whole number.
      why: by role, how it was found.
    """

    user: str = ""
    item: str = ""
    time: str = ""
    request: str = ""
    time_unit: str = "s"
    why: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def taken(self) -> set[str]:
        """The columns that have a role."""
        return {self.user, self.item, self.time, self.request} - {""}


def find_roles(columns: Mapping[str, Column], asked: Mapping[str, str]) -> Roles:
    """Returns the roles.

    Args:
      columns: by name.
      asked: by role, a column that somebody named: it is taken.

    Raises:
      DatasetError: for a column that is not there, or cannot have the role.
    """
    roles = Roles()
    for role, name in asked.items():
        setattr(roles, role, _asked(columns, role, name))
        roles.why[role] = f"by --{role}"
    if not roles.time:
        _set(roles, "time", *_time(columns, roles))
    if roles.time:
        roles.time_unit = unit_of(columns[roles.time]) or "s"
    for role in (names.USER, names.ITEM):
        if not getattr(roles, role):
            _set(roles, role, *_entity(columns, role, roles))
    _set(roles, "request", *_request(columns, roles))
    if not (roles.user or roles.item):
        _by_values(columns, roles)
    return roles


def unit_of(column: Column) -> str:
    """Returns the unit in which a column's numbers are moments of this century; "" for none."""
    if column.look == MOMENT:
        return "s"
    if column.look not in (WHOLE, NUMBER):
        return ""
    low, high = column.range
    for unit, scale in _UNITS.items():
        if _EPOCH[0] <= low / scale and high / scale <= _EPOCH[1]:
            return unit
    return ""


def moments(column: Column, unit: str) -> np.ndarray:
    """Returns a column's moments as seconds since 1970, NaN for none. [N]"""
    return column.numbers if column.look == MOMENT else column.numbers / _UNITS[unit]


def _set(roles: Roles, role: str, name: str, why: str) -> None:
    if name:
        setattr(roles, role, name)
        roles.why[role] = why


def _asked(columns: Mapping[str, Column], role: str, name: str) -> str:
    if name not in columns:
        raise DatasetError(f"--{role}: {missing_columns([name], list(columns))}")
    column = columns[name]
    if role == "time" and not unit_of(column):
        raise DatasetError(
            f"--time: column {name!r:.80} holds no moments but {listed(column.words(3))}: "
            "a time is a date, ISO 8601 text or a whole number since 1970"
        )
    if role in (names.USER, names.ITEM) and not _is_id_like(column):
        raise DatasetError(f"--{role}: column {name!r:.80} is {column.look}, and no id can be")
    return name


def _is_id_like(column: Column) -> bool:
    return column.look == WHOLE or (column.look == TEXT and column.is_text)


def _time(columns: Mapping[str, Column], roles: Roles) -> tuple[str, str]:
    """Returns the column of the rows' moments: the best by name, of equals the most different."""
    found = []
    for index, (name, column) in enumerate(columns.items()):
        if name in roles.taken or not unit_of(column) or column.null_share > 0.01:
            continue
        by_name = names.is_time(name)
        if column.look != MOMENT and by_name == 0:
            continue
        found.append((by_name, len(column.counts), -index, name))
    if not found:
        return "", ""
    best = max(found)[-1]
    return best, "by its name" if names.is_time(best) else "its values are moments"


def _entity(columns: Mapping[str, Column], role: str, roles: Roles) -> tuple[str, str]:
    found = [
        (names.is_entity(role, name), len(column.counts), -index, name)
        for index, (name, column) in enumerate(columns.items())
        if names.is_entity(role, name) and name not in roles.taken and _can_be(column)
    ]
    return (max(found)[-1], "by its name") if found else ("", "")


def _can_be(column: Column) -> bool:
    if not _is_id_like(column) or column.null_share > _MOST_NULL or len(column.counts) < 2:
        return False
    return column.look == WHOLE or _mean_length(column) <= _LONGEST_ID


def _mean_length(column: Column) -> float:
    words = column.words(200)
    return float(np.mean([len(word) for word in words])) if words else 0.0


def _request(columns: Mapping[str, Column], roles: Roles) -> tuple[str, str]:
    """Returns a column, called so, of few rows each that are of one user and next to each other."""
    for name, column in columns.items():
        if name in roles.taken or not names.is_entity(names.REQUEST, name):
            continue
        if _can_be(column) and 1.1 <= column.repeats <= 1_000 and len(column.counts) >= 10:
            user = columns.get(roles.user)
            if user is None or _is_of_one(column, user):
                return name, f"by its name, {column.repeats:.3g} rows each"
    return "", ""


def _is_of_one(column: Column, user: Column) -> bool:
    """Returns whether the values of a column are of one user each."""
    both = np.stack([column.coded[0], user.coded[0]])
    pairs = np.unique(both[:, both.min(axis=0) >= 0], axis=1)
    return pairs.shape[1] <= 1.05 * len(np.unique(pairs[0]))


def _by_values(columns: Mapping[str, Column], roles: Roles) -> None:
    """Takes as item and user the ids whose values come again: many values, spread as ids are."""
    found = []
    for index, (name, column) in enumerate(columns.items()):
        if name in roles.taken or not _can_be(column) or names.is_category(name):
            continue
        is_spread = column.look == TEXT or spread_as_ids(column)
        if len(column.counts) >= _LEAST_VALUES and column.repeats >= 1.5 and is_spread:
            found.append((column.distinct, -index, name))
    found.sort(reverse=True)
    roles_left = [role for role in (names.USER, names.ITEM) if not getattr(roles, role)]
    if len(found) == 1:
        roles_left = [names.ITEM]
    for role, (_, _, name) in zip(roles_left, found, strict=False):
        _set(roles, role, name, "by its values alone: check it")


def spread_as_ids(column: Column) -> bool:
    """Returns whether a column's values look like ids: words without a space, or whole numbers
    of which most between the least and the largest occur.
    """
    if column.look == TEXT:
        return not any(" " in word for word in column.words(50))
    if column.look != WHOLE:
        return False
    low, high = column.range
    middle = float(np.median(np.unique(column.numbers[~np.isnan(column.numbers)])))
    is_even = abs(middle - (low + high) / 2) <= 0.1 * (high - low)
    return low >= 0 and len(column.counts) >= 200 and is_even
