"""Columns of the prepared rows, each from the past of its event alone."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from ranker.datasets.forward import Tails, Window
from ranker.datasets.histories import Histories, histories_of, lists
from ranker.datasets.interactions import Events, Interactions, Tags
from ranker.datasets.past import Past, PastValues
from ranker.datasets.past_numbers import PastNumbers
from ranker.schema import Feature

LIKED_STARS = 4.0  # a rating of at least this many stars is a like
MAX_TAGS = 10  # an item's last so many, most recent first
_HOUR_SECONDS = 3_600
_DAY_SECONDS = 86_400
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0


class Moments(NamedTuple):
    """The columns of a window of events that are the same length for each, and its histories.

    A history is not copied out until a table is made of it: each event has but the place
    of its last items among those of its user.
    """

    events: Events
    numbers: dict[str, np.ndarray]
    histories: dict[str, Histories]


class Columns:
    """Makes the feature columns of events, going forward in time."""

    def __init__(
        self, data: Interactions, *, history: int, began: np.ndarray | None = None
    ) -> None:
        """Knows of no rating yet; `history` is the most items a list has.

        Args:
          data: whose users, items, tags and scale; its ratings are not looked at.
          began: as `PastNumbers` takes it.
        """
        self._data = data
        self._numbers = PastNumbers(data, began=began)
        num_users = len(data.users.ids)
        self._histories = {
            name: Tails(num_users, max_length=history) for name in ("liked_items", "disliked_items")
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
                    name,
                    pa.list_(pa.int64()),
                    max_length=self._history,
                    vocabulary="item_id",
                    past_of="user_id",
                )
                for name in self._histories
            ),
        )

    def advance(
        self,
        events: Events,
        rating: np.ndarray,
        *,
        is_known: np.ndarray,
        part: np.ndarray | None = None,
    ) -> Moments:
        """Returns what `table` needs of the next M events, then remembers those known.

        Args:
          events: in order of time, no second divided between two calls; some may not have
            taken place.
          rating: stars; of what is not known, anything finite. [M]
          is_known: whose rating those after it may know. [M]
          part: of the split, of each; needed for frozen values. [M]
        """
        by_user = Window(events.user, events.time, is_known=is_known)
        is_liked = rating >= LIKED_STARS
        liked, disliked = (by_user.only(is_meant) for is_meant in (is_liked, ~is_liked))
        return Moments(
            events=events,
            numbers=self._numbers.advance(
                events, rating, by_user=by_user, is_known=is_known, part=part
            ),
            histories={
                name: histories_of(tail.advance(window, events.item), self._data.items.ids)
                for (name, tail), window in zip(
                    self._histories.items(), (liked, disliked), strict=True
                )
            },
        )

    def make(self, moments: Moments, places: np.ndarray) -> dict[str, pa.Array]:
        """Returns the columns, by name, of the events at these places of a window."""
        data = self._data
        user, item, time = (column[places] for column in moments.events)
        columns = {"user_id": pa.array(data.users.ids[user])}
        columns["item_id"] = pa.array(data.items.ids[item])
        for side, numbers in ((data.users, user), (data.items, item)):
            chosen = pa.array(numbers)
            columns.update({name: column.take(chosen) for name, column in side.columns.items()})
        if data.tags is not None and self._tags is not None:
            words, offsets = self._tags.before(item, time)
            columns["tags"] = lists(data.tags.names.take(pa.array(words)), offsets)
        columns["hour"] = pa.array(time // _HOUR_SECONDS % 24)
        columns["weekday"] = pa.array((time // _DAY_SECONDS + _EPOCH_WEEKDAY) % 7)
        columns |= {name: pa.array(of[places]) for name, of in moments.numbers.items()}
        columns |= {name: of.copied(places) for name, of in moments.histories.items()}
        return columns


def _past_tags(tags: Tags, num_items: int) -> PastValues:
    """Returns the tags of each item, each from the first time it was given."""
    by_time = np.argsort(tags.time, kind="stable")
    pair = (tags.item.astype(np.int64) << 32) | tags.word
    first = by_time[np.unique(pair[by_time], return_index=True)[1]]
    past = Past(tags.item[first], tags.time[first], num_groups=num_items)
    return PastValues(past, tags.word[first], max_length=MAX_TAGS)


def _longest(column: pa.Array) -> int:
    if not pa.types.is_list(column.type):
        return 1
    lengths = np.diff(column.offsets.to_numpy())
    return max(int(lengths.max(initial=0)), 1)


def _categorical(
    name: str, kind: pa.DataType, *, max_length: int = 1, vocabulary: str = "", past_of: str = ""
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
        past_of=past_of,
    )
