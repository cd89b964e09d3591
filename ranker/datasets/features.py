"""Columns of the prepared rows, each from the past of its event alone.

Numeric features so far: `user_count` and `item_count` are the ratings before the
event; `user_mean` and `item_mean` their mean, drawn towards the mean of all ratings
before the event as if PRIOR_WEIGHT of those were among them (before the very first,
towards the middle of the scale). So a new user has the mean of the day, not 0.
"""

import numpy as np
import pyarrow as pa

from ranker.datasets.interactions import Events, Interactions, Tags
from ranker.datasets.past import Past, PastSum, PastValues
from ranker.schema import Feature

LIKED_STARS = 4.0  # a rating of at least this many stars is a like
PRIOR_WEIGHT = 5.0  # ratings
MAX_TAGS = 10  # an item's last so many, most recent first
_HOUR_SECONDS = 3_600
_DAY_SECONDS = 86_400
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0


class Columns:
    """Makes the feature columns of any (user, item, time)."""

    def __init__(self, data: Interactions, *, history: int) -> None:
        """Sorts the past of all users and items; `history` is the most liked items a row has."""
        self._data = data
        num_users, num_items = len(data.users.ids), len(data.items.ids)
        stars = np.rint(data.rating / data.step).astype(np.int32)
        nobody = np.zeros(len(data.time), np.int32)
        self._by_user = _Ratings(data.user, data.time, stars=stars, num_groups=num_users)
        self._by_item = _Ratings(data.item, data.time, stars=stars, num_groups=num_items)
        self._by_all = _Ratings(nobody, data.time, stars=stars, num_groups=1)
        liked = data.rating >= LIKED_STARS
        past = Past(data.user[liked], data.time[liked], num_groups=num_users)
        self._liked = PastValues(past, data.item[liked], max_length=history)
        self._tags = _past_tags(data.tags, num_items) if data.tags else None
        self._history = history

    def features(self) -> tuple[Feature, ...]:
        """Returns what the columns are, in their order; statistics and vocabularies not yet."""
        data = self._data
        sides = {**data.users.columns, **data.items.columns}
        longest = {name: _longest(column) for name, column in sides.items()}
        return (
            _categorical("user_id", pa.int64()),
            _categorical("item_id", pa.int64()),
            *(_categorical(name, sides[name].type, max_length=longest[name]) for name in sides),
            *(
                (_categorical("tags", pa.list_(pa.string()), max_length=MAX_TAGS),)
                if data.tags
                else ()
            ),
            _categorical("hour", pa.int64()),
            _categorical("weekday", pa.int64()),
            _count("user_count"),
            _mean("user_mean", data),
            _count("item_count"),
            _mean("item_mean", data),
            _categorical(
                "liked_items",
                pa.list_(pa.int64()),
                max_length=self._history,
                vocabulary="item_id",
            ),
        )

    def make(self, events: Events) -> dict[str, pa.Array]:
        """Returns the columns, by name, of M events, whether they took place or not."""
        data = self._data
        user, item, time = events
        columns = {"user_id": pa.array(data.users.ids[user])}
        columns["item_id"] = pa.array(data.items.ids[item])
        for side, numbers in ((data.users, user), (data.items, item)):
            places = pa.array(numbers)
            columns.update({name: column.take(places) for name, column in side.columns.items()})
        if data.tags is not None and self._tags is not None:
            words, offsets = self._tags.before(item, time)
            columns["tags"] = _lists(data.tags.names.take(pa.array(words)), offsets)
        columns["hour"] = pa.array(time // _HOUR_SECONDS % 24)
        columns["weekday"] = pa.array((time // _DAY_SECONDS + _EPOCH_WEEKDAY) % 7)
        columns.update(self._past_columns(events))
        liked, offsets = self._liked.before(user, time)
        columns["liked_items"] = _lists(pa.array(data.items.ids[liked]), offsets)
        return columns

    def _past_columns(self, events: Events) -> dict[str, pa.Array]:
        user, item, time = events
        step = self._data.step
        middle = (self._data.lowest + self._data.highest) / 2
        count, total = self._by_all.before(np.zeros_like(user), time)
        prior = np.where(count > 0, step * total / np.maximum(count, 1), middle)
        columns = {}
        for name, past, group in (("user", self._by_user, user), ("item", self._by_item, item)):
            count, total = past.before(group, time)
            mean = (step * total + PRIOR_WEIGHT * prior) / (count + PRIOR_WEIGHT)
            columns[f"{name}_count"] = pa.array(count.astype(np.float32))
            columns[f"{name}_mean"] = pa.array(mean.astype(np.float32))
        return columns


class _Ratings:
    """How many ratings a group had, and what they add up to, before a time."""

    def __init__(
        self, group: np.ndarray, time: np.ndarray, *, stars: np.ndarray, num_groups: int
    ) -> None:
        self._past = Past(group, time, num_groups=num_groups)
        self._sum = PastSum(self._past, stars)

    def before(self, group: np.ndarray, time: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        until = self._past.until(group, time)
        return self._past.count(group, until), self._sum.until(group, until)


def _past_tags(tags: Tags, num_items: int) -> PastValues:
    """Returns the tags of each item, each from the first time it was given."""
    by_time = np.argsort(tags.time, kind="stable")
    pair = (tags.item.astype(np.int64) << 32) | tags.word
    first = by_time[np.unique(pair[by_time], return_index=True)[1]]
    past = Past(tags.item[first], tags.time[first], num_groups=num_items)
    return PastValues(past, tags.word[first], max_length=MAX_TAGS)


def _lists(values: pa.Array, offsets: np.ndarray) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(offsets), values)


def _longest(column: pa.Array) -> int:
    if not pa.types.is_list(column.type):
        return 1
    lengths = np.diff(column.offsets.to_numpy())
    return max(int(lengths.max(initial=0)), 1)


def _categorical(
    name: str, kind: pa.DataType, *, max_length: int = 1, vocabulary: str = ""
) -> Feature:
    is_list = pa.types.is_list(kind)
    value = kind.value_type if is_list else kind
    return Feature(
        name=name,
        kind="categorical",
        dtype="string" if pa.types.is_string(value) else "int64",
        vocabulary=vocabulary or name,
        is_multivalued=is_list,
        max_length=max_length,
    )


def _count(name: str) -> Feature:
    return Feature(name=name, kind="numeric", dtype="float32", log1p=True, minimum=0.0)


def _mean(name: str, data: Interactions) -> Feature:
    return Feature(
        name=name, kind="numeric", dtype="float32", minimum=data.lowest, maximum=data.highest
    )
