"""A feature for each column that is left: its kind, what a null becomes, a transform."""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ranker.datasets.describe import names
from ranker.datasets.describe.column import BOOL, LIST, MOMENT, NUMBER, TEXT, WHOLE, Column
from ranker.datasets.describe.roles import Roles, spread_as_ids, unit_of
from ranker.datasets.describe.texts import delimiter_of, is_prose
from ranker.datasets.table.reserved import NO_ITEM, NO_USER, RESERVED
from ranker.spec.table_features import (
    INDICATOR,
    Category,
    Id,
    List,
    Number,
    TableFeature,
    Text,
    Time,
)

_FEW = 12  # values of whole numbers that may be kinds of something
_MANY = 1_000  # values that are ids rather than kinds
_HASHED = 2_000_000
_HASH_BUCKETS = 1_000_000
_RARE = 0.3  # of the values are seen once
_SKEW = 2.0
_LONGEST = 200


class Suggestion(NamedTuple):
    """A feature, and the sentence on why it is one."""

    feature: TableFeature
    why: str


def suggest(column: Column, roles: Roles) -> Suggestion:
    """Returns what becomes of a column."""
    if column.name and column.name in (roles.user, roles.item):
        role = "user" if column.name == roles.user else "item"
        return Suggestion(Id(**_vocabulary(column)), f"the {role}, {roles.why[role]}")
    if column.name and column.name == roles.time:
        return _of_time_itself(column, roles)
    if column.look == LIST:
        return _list(column)
    if column.look == MOMENT or (unit_of(column) and names.is_time(column.name)):
        return _moment(column, roles)
    if column.look == TEXT:
        return _text(column)
    if column.look == BOOL:
        return Suggestion(Category(), "true or false")
    return _whole(column) if column.look == WHOLE else _number(column)


def _of_time_itself(column: Column, roles: Roles) -> Suggestion:
    feature = Time(parts=_parts(column), unit=roles.time_unit)  # type: ignore[arg-type]
    return Suggestion(feature, "of the row's moment, in UTC; set `timezone` to that of the users")


def _moment(column: Column, roles: Roles) -> Suggestion:
    unit = unit_of(column) or "s"
    if roles.time:
        return Suggestion(
            Time(parts=("age",), unit=unit),  # type: ignore[arg-type]
            f"a moment before the row's: how long ago, at {roles.time}",
        )
    return Suggestion(Time(parts=_parts(column), unit=unit), "a moment")  # type: ignore[arg-type]


def _parts(column: Column) -> tuple[str, ...]:
    numbers = column.numbers[~np.isnan(column.numbers)]
    is_day = bool(len(numbers)) and column.look == MOMENT and bool(np.all(numbers % 86_400 == 0))
    return ("weekday",) if is_day else ("hour", "weekday")


def _vocabulary(column: Column) -> dict[str, Any]:
    """Returns how the values of a column are kept: all, those seen more than once, or hashed."""
    if column.distinct > _HASHED:
        return {"hash_buckets": _HASH_BUCKETS}
    once = float((column.counts == 1).mean()) if len(column.counts) else 0.0
    return {"minimum_count": 2} if column.distinct > _MANY and once > _RARE else {}


def _missing(column: Column) -> dict[str, Any]:
    return {"missing": INDICATOR} if column.null_share > 0 else {}


def _text(column: Column) -> Suggestion:
    if delimiter := delimiter_of(column):
        longest = _longest([word.count(delimiter) + 1 for word in column.words(2_000)])
        return Suggestion(
            List(delimiter=delimiter, max_length=longest),
            f"values with {delimiter!r} between them",
        )
    if is_prose(column) and len(column.counts) > 50:
        longest = _longest([len(word.split()) for word in column.words(2_000)])
        return Suggestion(Text(max_length=longest, minimum_count=2), "text, split into words")
    if names.is_id(column.name) or column.distinct > _MANY:
        return Suggestion(Id(**_vocabulary(column)), "an id as text")
    return Suggestion(Category(), "words")


def _list(column: Column) -> Suggestion:
    lengths = pc.list_value_length(column.values).drop_null().to_pylist()
    kind = column.values.type.value_type
    if column.was_list:
        return Suggestion(List(flatten=True), "lists of lists, read as one")
    if pa.types.is_floating(kind):
        return Suggestion(
            List(max_length=_longest(lengths)),
            "numbers, read as ids: for a vector write its numbers as columns of their own",
        )
    return Suggestion(List(max_length=_longest(lengths)), "a list")


def _longest(lengths: list[int]) -> int:
    """Returns a length that 99 of 100 rows have at most."""
    most = int(np.quantile(lengths, 0.99)) if lengths else 1
    return int(np.clip(most, 1, _LONGEST))


def _whole(column: Column) -> Suggestion:
    if names.is_id(column.name) and len(column.counts) > 2:
        return Suggestion(Id(**_vocabulary(column)), "an id, by its name")
    if len(column.counts) <= _FEW or (names.is_category(column.name) and column.distinct < _MANY):
        return Suggestion(Category(), "a few whole numbers")
    if column.repeats >= 1.5 and spread_as_ids(column):
        return Suggestion(Id(**_vocabulary(column)), "whole numbers spread as ids are: check it")
    return _number(column)


def _number(column: Column) -> Suggestion:
    known = column.numbers[np.isfinite(column.numbers)]
    low, high = column.range
    deviation = float(known.std()) if len(known) else 0.0
    if not deviation or not math.isfinite(deviation):
        return Suggestion(Number(**_missing(column)), "a number")
    skew = float(np.mean(((known - known.mean()) / deviation) ** 3))
    if low >= 0 and skew > _SKEW and high > 10:
        return Suggestion(
            Number(transform="log1p", **_missing(column)), f"a heavy tail: skewness {skew:.2g}"
        )
    if abs(skew) > _SKEW:
        return Suggestion(
            Number(transform="quantiles", **_missing(column)),
            f"a heavy tail below 0 or of small numbers: skewness {skew:.2g}",
        )
    return Suggestion(Number(**_missing(column)), "a number")


def facts(column: Column, *, is_whole: bool) -> str:
    """Returns what is known of a column: its different values, nulls and range."""
    is_exact = is_whole or (column.distinct <= _MANY and not (column.counts == 1).any())
    about = "" if is_exact else "about "
    said = [f"{about}{rounded(column.distinct)} values"]
    said.append(f"{column.null_share:.2%} null" if column.null_share else "no nulls")
    if column.look in (WHOLE, NUMBER) and not math.isnan(column.range[0]):
        said.append(" to ".join(map(plain_number, column.range)))
    if column.look == MOMENT and not math.isnan(column.range[0]):
        said.append(f"{day(column.range[0])} to {day(column.range[1])}")
    return ", ".join(said)


def plain_number(number: float) -> str:
    """Returns a number as it is read: whole ones in full, others with six digits."""
    is_whole = abs(number) < 1e15 and number == int(number)
    return f"{int(number)}" if is_whole else f"{number:.6g}"


def rounded(number: float) -> str:
    """Returns a count as it is read: exact to 1,000, then three digits."""
    if number <= 1_000:
        return f"{int(number)}"
    digits = len(str(int(number))) - 3
    return f"{int(round(number, -digits)):,}"


def day(seconds: float) -> str:
    """Returns a moment, in seconds since 1970, as its minute in UTC."""
    from datetime import UTC, datetime, timedelta

    try:
        return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds):%Y-%m-%d %H:%M}"
    except OverflowError:
        return f"{seconds:.6g} s"


def plain_names(given: Iterable[str], taken: set[str], roles: Roles) -> list[str]:
    """Returns names that features and tasks can have, each its own, as near as can be to `given`.

    Args:
      taken: names that others have.
      roles: without a user or an item, prepared rows have columns of their names.
    """
    reserved = {*RESERVED, *[NO_USER][bool(roles.user) :], *[NO_ITEM][bool(roles.item) :]}
    used = {*taken, *reserved}
    found = []
    for name in given:
        plain = "".join(c if c.isprintable() and c not in "/\\" else "_" for c in name)
        plain = plain.strip().lstrip(".~")[:40] or "column"
        plain = f"row_{plain}" if plain in reserved else plain
        number, base = 2, plain
        while plain in used:
            plain, number = f"{base}_{number}", number + 1
        used.add(plain)
        found.append(plain)
    return found
