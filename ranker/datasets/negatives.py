"""Unrated items of a moment, sampled for each rated row."""

import numpy as np

from ranker.datasets.interactions import Interactions

_ROUNDS = 32  # of drawing again what was rated; what is left then is counted out


class Unrated:
    """Samples, for a user and a moment, items that were there and not yet rated.

    An item is there from its first rating in the data on, that moment included. It
    is unrated if the user has not rated it before or at that moment; a rating still
    to come does not count, for nobody knew of it.
    """

    def __init__(self, data: Interactions) -> None:
        pair = _pair(data.user, data.item)
        order = np.argsort(pair)
        self._pairs = pair[order]
        self._times = data.time[order]
        items, first = np.unique(data.item, return_index=True)  # rows are in order of time
        by_arrival = np.argsort(data.time[first], kind="stable")
        self._items = items[by_arrival].astype(np.int32)
        self._arrivals = data.time[first][by_arrival]

    def sample(
        self, user: np.ndarray, time: np.ndarray, *, num_items: int, random: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns distinct unrated items for each of M rows: (items, rows), both [K].

        Row `rows[k]` is given `items[k]`. A row has `num_items` of them, or all
        there are if there are fewer; `rows` is ascending.
        """
        num_there = np.searchsorted(self._arrivals, time, side="right")
        drawn = np.full((len(user), num_items), -1, np.int32)
        row, slot = np.nonzero(np.ones_like(drawn, bool))
        for _ in range(_ROUNDS):
            drawn[row, slot] = self._items[random.integers(0, num_there[row])]
            row, slot = np.nonzero(self._is_wrong(drawn, user, time))
            if not len(row):
                break
        for i in np.unique(row):
            drawn[i] = self._count_out(user[i], time[i], num_there[i], num_items, random)
        rows, slots = np.nonzero(drawn >= 0)
        return drawn[rows, slots], rows

    def _is_wrong(self, drawn: np.ndarray, user: np.ndarray, time: np.ndarray) -> np.ndarray:
        """Returns, [M, N], whether an item was rated or stands in the row before."""
        pair = _pair(user[:, None], drawn)
        place = np.minimum(np.searchsorted(self._pairs, pair), len(self._pairs) - 1)
        wrong = (self._pairs[place] == pair) & (self._times[place] <= time[:, None])
        for slot in range(1, drawn.shape[1]):
            wrong[:, slot] |= (drawn[:, :slot] == drawn[:, slot : slot + 1]).any(axis=1)
        return wrong

    def _count_out(
        self, user: int, time: int, num_there: int, num_items: int, random: np.random.Generator
    ) -> np.ndarray:
        """Returns the items of one row, [num_items], -1 where there are no more."""
        there = self._items[:num_there]
        pair = _pair(user, there)
        place = np.minimum(np.searchsorted(self._pairs, pair), len(self._pairs) - 1)
        rated = (self._pairs[place] == pair) & (self._times[place] <= time)
        unrated = random.permutation(there[~rated])[:num_items]
        return np.pad(unrated, (0, num_items - len(unrated)), constant_values=-1)


def _pair(user: np.ndarray | int, item: np.ndarray) -> np.ndarray:
    return (np.int64(user) << 32) | item
