"""Columns of the prepared rows, each from the past of its event alone."""

from collections.abc import Callable, Iterable

import numpy as np
import pyarrow as pa

from ranker.datasets.columns import categorical, history, id_list
from ranker.datasets.past.forward import Events, Tails, Window
from ranker.datasets.past.histories import Lists, lists_of
from ranker.datasets.public.movielens.interactions import Interactions, Tags
from ranker.datasets.public.movielens.past_numbers import PastNumbers, numbers_of
from ranker.schema import Feature

MAX_TAGS = 10  # an item's last so many, most recent first
_HOUR_SECONDS = 3_600
_DAY_SECONDS = 86_400
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0


def features_of(
    data: Interactions, *, histories: Iterable[str], history_length: int
) -> tuple[Feature, ...]:
    """Returns what the columns are, in their order; statistics and vocabularies not yet."""
    sides = {**data.users.columns, **data.items.columns}
    return (
        categorical("user_id"),
        categorical("item_id"),
        *(_side(name, column) for name, column in sides.items()),
        *((id_list("tags", MAX_TAGS, dtype="string"),) if data.tags else ()),
        categorical("hour"),
        categorical("weekday"),
        *numbers_of(data),
        *(history(name, history_length) for name in histories),
    )


class Columns:
    """Makes the columns of events but for the histories, going forward in time."""

    def __init__(self, data: Interactions, *, began: np.ndarray | None = None) -> None:
        """Knows of no rating yet.

        Args:
          data: whose users, items, tags and scale; its ratings are not looked at.
          began: as `PastNumbers` takes it.
        """
        self._data = data
        self._numbers = PastNumbers(data, began=began)
        self._tags = _PastTags(data.tags, len(data.items.ids)) if data.tags else None

    def advance(
        self,
        events: Events,
        rating: np.ndarray,
        *,
        is_known: np.ndarray,
        part: np.ndarray | None = None,
    ) -> tuple[dict[str, pa.Array], Callable[[np.ndarray], dict[str, pa.Array]]]:
        """Returns the columns of the next M events, then remembers those known.

        Args:
          events: in order of time, no second divided between two calls; some may not have
            taken place.
          rating: stars; of what is not known, anything finite. [M]
          is_known: whose rating those after it may know. [M]
          part: of the split, of each; needed for frozen values. [M]

        Returns:
          (columns, deferred): by name, [M]; and from indices [K] to the other columns there, [K].
        """
        data, (user, item, time) = self._data, events
        numbers = self._numbers.advance(events, rating, is_known=is_known, part=part)
        columns = {
            "user_id": pa.array(data.users.ids[user]),
            "item_id": pa.array(data.items.ids[item]),
            "hour": pa.array(time // _HOUR_SECONDS % 24),
            "weekday": pa.array((time // _DAY_SECONDS + _EPOCH_WEEKDAY) % 7),
            **{name: pa.array(values) for name, values in numbers.items()},
        }
        tags = self._tags.advance(item, time) if self._tags is not None else None

        def deferred(indices: np.ndarray) -> dict[str, pa.Array]:
            made = {} if tags is None else {"tags": tags.copied(indices)}
            for side, numbers in ((data.users, user), (data.items, item)):
                chosen = pa.array(numbers[indices])
                made |= {name: column.take(chosen) for name, column in side.columns.items()}
            return made

        return columns, deferred


class _PastTags:
    """The last tags of each item, each from the first time it was given."""

    def __init__(self, tags: Tags, num_items: int) -> None:
        by_time = np.argsort(tags.time, kind="stable")
        pair = (tags.item.astype(np.int64) << 32) | tags.word
        first = by_time[np.unique(pair[by_time], return_index=True)[1]]
        first = first[np.argsort(tags.time[first], kind="stable")]
        self._given = Events(tags.word[first], tags.item[first], tags.time[first])
        self._names = tags.names
        self._num_done = 0
        self._last = Tails(num_items, max_length=MAX_TAGS)

    def advance(self, item: np.ndarray, time: np.ndarray) -> Lists:
        """Returns the tags of the items of the next events before each; both [M]."""
        end = int(np.searchsorted(self._given.time, time[-1], side="right"))
        word, tagged, given = (column[self._num_done : end] for column in self._given)
        self._num_done = end
        times = np.concatenate([given, time])
        order = np.argsort(times, kind="stable")
        is_given = order < len(given)
        items = np.concatenate([tagged, item])
        window = Window(items[order], times[order], is_known=is_given)
        words = np.concatenate([word, np.zeros(len(item), np.int32)])
        return lists_of(self._last.advance(window, words[order]), self._names).at(~is_given)


def _side(name: str, column: pa.Array) -> Feature:
    """Returns the feature of what is known of users or items."""
    is_list = pa.types.is_list(column.type)
    value = column.type.value_type if is_list else column.type
    dtype = "string" if pa.types.is_string(value) else "int64"
    if not is_list:
        return categorical(name, dtype)
    longest = int(np.diff(column.offsets.to_numpy()).max(initial=1))
    return id_list(name, longest, dtype=dtype)
