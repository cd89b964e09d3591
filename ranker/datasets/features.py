"""Columns of the prepared rows, each from the past of its event alone."""

import numpy as np
import pyarrow as pa

from ranker.datasets.interactions import Events, Interactions, Tags
from ranker.datasets.past import Past, PastValues
from ranker.datasets.past_numbers import PastNumbers
from ranker.schema import Feature

LIKED_STARS = 4.0  # a rating of at least this many stars is a like
MAX_TAGS = 10  # an item's last so many, most recent first
_HOUR_SECONDS = 3_600
_DAY_SECONDS = 86_400
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0


class Columns:
    """Makes the feature columns of any (user, item, time)."""

    def __init__(self, data: Interactions, *, history: int) -> None:
        """Sorts the past of all users and items; `history` is the most items a list has."""
        self._data = data
        self._numbers = PastNumbers(data)
        is_liked = data.rating >= LIKED_STARS
        self._histories = {
            "liked_items": _history(data, is_liked, history),
            "disliked_items": _history(data, ~is_liked, history),
        }
        self._tags = _past_tags(data.tags, len(data.items.ids)) if data.tags else None
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
            *self._numbers.features(),
            *(
                _categorical(
                    name, pa.list_(pa.int64()), max_length=self._history, vocabulary="item_id"
                )
                for name in self._histories
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
        columns.update(self._numbers.make(events))
        for name, past in self._histories.items():
            items, offsets = past.before(user, time)
            columns[name] = _lists(pa.array(data.items.ids[items]), offsets)
        return columns


def _history(data: Interactions, is_meant: np.ndarray, max_length: int) -> PastValues:
    """Returns each user's items among the ratings that are meant."""
    past = Past(data.user[is_meant], data.time[is_meant], num_groups=len(data.users.ids))
    return PastValues(past, data.item[is_meant], max_length=max_length)


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
