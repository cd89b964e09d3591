"""Unrated items of a moment, sampled for each rated row."""

import numpy as np

from ranker.datasets.interactions import Events, Interactions

_ROUNDS = 32  # of drawing again what was rated; what is left then is counted out


class Unrated:
    """Samples, for a user and a moment, items that were there and not yet rated.

    An item is there from its first rating in the data on, that moment included. It
    is unrated if the user has not rated it before or at that moment; a rating still
    to come does not count, for nobody knew of it.
    """

    def __init__(self, data: Interactions) -> None:
        """Sorts who rated what when, and when each item arrived."""
        pair = _pair(data.user, data.item)
        order = np.argsort(pair)
        self._pairs = pair[order]
        self._times = data.time[order]
        items, first = np.unique(data.item, return_index=True)  # rows are in order of time
        by_arrival = np.argsort(data.time[first], kind="stable")
        self._items = items[by_arrival].astype(np.int32)
        self._arrivals = data.time[first][by_arrival]

    def follow(
        self, events: Events, *, num_items: int, random: np.random.Generator
    ) -> tuple[Events, np.ndarray]:
        """Returns the events, sampled ones behind each, and [M] the number of each, or -1.

        A sampled event, numbered -1, is the user of the event before it meeting an
        unrated item at the same time. Each event is followed by `num_items` with
        distinct items, or by all there are if there are fewer.
        """
        items, rows = self.sample(events.user, events.time, num_items=num_items, random=random)
        origin = np.concatenate([np.arange(len(events.user)), rows])
        order = np.argsort(origin, kind="stable")
        origin = origin[order]
        item = np.concatenate([events.item, items])[order]
        is_sampled = order >= len(events.user)
        followed = Events(events.user[origin], item, events.time[origin])
        return followed, np.where(is_sampled, -1, origin)

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
        place = np.minimum(np.searchsorted(self._pairs, pair), len(self._pairs) - 1)
        return (self._pairs[place] == pair) & (self._times[place] <= time)


def _is_repeat(drawn: np.ndarray) -> np.ndarray:
    """Returns, [M, N], whether the item stands in the row before."""
    same = drawn[:, :, None] == drawn[:, None, :]
    return np.tril(same, k=-1).any(axis=2)


def _pair(user: np.ndarray, item: np.ndarray) -> np.ndarray:
    return (user.astype(np.int64) << 32) | item
