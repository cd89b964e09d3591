"""Unrated items of a moment, sampled for each rated row."""

import numpy as np

from ranker.datasets.order import stable_order
from ranker.datasets.past.forward import Events

_CHUNK_ROWS = 65_536  # rows that are sampled for at once
_ROUNDS = 32  # of drawing again what was rated; what is left then is counted out


class Unrated:
    """Samples, for a user and a moment, items that were there and not yet rated.

    An item is there from its first rating in the data on, that moment included. It
    is unrated if the user has not rated it before or at that moment; a rating still
    to come does not count, for nobody knew of it.
    """

    def __init__(self, events: Events) -> None:
        """Sorts who rated what when, in order of time, and when each item arrived."""
        pair = _pair(events.user, events.item)
        order = np.argsort(pair)
        self._pairs = pair[order]
        self._times = events.time[order]
        items, first = np.unique(events.item, return_index=True)
        by_arrival = np.argsort(events.time[first], kind="stable")
        self._items = items[by_arrival].astype(np.int32)
        self._arrivals = events.time[first][by_arrival]

    def sample(
        self, user: np.ndarray, time: np.ndarray, *, num_items: int, random: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns distinct unrated items for each of M rows: (items, rows), both [K].

        Row `rows[k]` is given `items[k]`. A row has `num_items` of them, or all
        there are if there are fewer; `rows` is ascending.
        """
        num_there = np.searchsorted(self._arrivals, time, side="right")
        drawn = self._items[random.integers(0, num_there[:, None], (len(user), num_items))]
        left = np.arange(len(user))
        for _ in range(_ROUNDS):
            again = self._is_rated(user[left, None], time[left, None], item=drawn[left])
            again |= _is_repeat(drawn[left])
            is_left = again.any(axis=1)
            left, again = left[is_left], again[is_left]
            fresh = self._items[random.integers(0, num_there[left, None], again.shape)]
            drawn[left] = np.where(again, fresh, drawn[left])
        for i in left:
            there = self._items[: num_there[i]]
            unrated = there[~self._is_rated(user[i], time[i], item=there)]
            few = random.permutation(unrated)[:num_items]
            drawn[i] = np.pad(few, (0, num_items - len(few)), constant_values=-1)
        rows, slots = np.nonzero(drawn >= 0)
        return drawn[rows, slots], rows

    def _is_rated(self, user: np.ndarray, time: np.ndarray, *, item: np.ndarray) -> np.ndarray:
        pair = _pair(user, item)
        index = np.minimum(np.searchsorted(self._pairs, pair), len(self._pairs) - 1)
        return (self._pairs[index] == pair) & (self._times[index] <= time)


class Sampled:
    """The items sampled for the rows of each part of a split, wherever windows are cut."""

    def __init__(self, events: Events, parts: np.ndarray, *, num_items: int, seed: int) -> None:
        """Sorts the events.

        Args:
          events: all that took place, in order of time. [N]
          parts: of the split, of each event. [N]
          num_items: to be sampled for each; >= 1.
        """
        self._events = events
        self._unrated = Unrated(events)
        self._num_items, self._seed = num_items, seed
        self._rows = [np.flatnonzero(parts == part) for part in np.unique(parts)]
        self._chunks: dict[int, tuple[int, np.ndarray, np.ndarray]] = {}

    def join(self, events: Events, *, start: int) -> tuple[Events, np.ndarray, np.ndarray]:
        """Returns the rows from `start` on, what was sampled for each behind it.

        Returns:
          (events, owner, is_rated): `owner` is the index of each event's row among those given;
          a sampled event has its user and time. [M]
        """
        num_rows = len(events.user)
        items, owners = [events.item], [np.arange(num_rows)]
        for part, rows in enumerate(self._rows):
            first, end = np.searchsorted(rows, [start, start + num_rows])
            for chunk in range(first // _CHUNK_ROWS, -(-end // _CHUNK_ROWS)):
                item, row = self._chunk(part, chunk)
                is_here = (row >= start) & (row < start + num_rows)
                items.append(item[is_here])
                owners.append(row[is_here] - start)
        owner = np.concatenate(owners)
        order = stable_order(owner)
        owner = owner[order]
        joined = Events(events.user[owner], np.concatenate(items)[order], events.time[owner])
        return joined, owner, order < num_rows

    def _chunk(self, part: int, chunk: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns (items, the row each is for) of _CHUNK_ROWS rows of a part.

        A chunk is seeded by its first row: the same rows draw the same items.
        """
        if part not in self._chunks or self._chunks[part][0] != chunk:
            user, _, time = self._events
            rows = self._rows[part][chunk * _CHUNK_ROWS : (chunk + 1) * _CHUNK_ROWS]
            random = np.random.default_rng([self._seed, int(rows[0])])
            items, owners = self._unrated.sample(
                user[rows], time[rows], num_items=self._num_items, random=random
            )
            self._chunks[part] = chunk, items, rows[owners]
        return self._chunks[part][1:]


def _is_repeat(drawn: np.ndarray) -> np.ndarray:
    """Returns, [M, N], whether the item stands in the row before."""
    same = drawn[:, :, None] == drawn[:, None, :]
    return np.tril(same, k=-1).any(axis=2)


def _pair(user: np.ndarray, item: np.ndarray) -> np.ndarray:
    return (user.astype(np.int64) << 32) | item
