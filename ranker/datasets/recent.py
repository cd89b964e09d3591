"""Each user's last items, going forward in time with little memory."""

import numpy as np

from ranker.datasets.past import Past, PastValues

_LATER = 2**32  # seconds: after every event
_NOTHING = -1


class Recent:
    """Remembers, for each user, the last items among the events that are meant.

    It goes forward: each call is given the events that follow those of the call before,
    cut so that no second is divided. Then, as in `Past`, what happens in the second of
    an event is not known to it.
    """

    def __init__(self, num_users: int, *, max_length: int) -> None:
        """Remembers nothing yet; at most `max_length` items a user."""
        self._items = np.full((num_users, max_length), _NOTHING, np.int32)
        self._max_length = max_length

    def advance(
        self, user: np.ndarray, second: np.ndarray, *, item: np.ndarray, is_meant: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns what users had met before each of M events, then remembers the events.

        Args:
          user, item: their numbers, int32 [M].
          second: Unix time, int64 [M], ascending.
          is_meant: which events are remembered. [M]

        Returns:
          (items, offsets): event i has items[offsets[i]:offsets[i + 1]], the latest first.
        """
        users, group = np.unique(user, return_inverse=True)
        kept = self._items[users]
        row, place = np.nonzero(kept != _NOTHING)
        groups = np.concatenate([row, group[is_meant]])
        times = np.concatenate([np.zeros(len(row), np.int64), second[is_meant]])
        past = Past(groups, times, num_groups=len(users))
        items = np.concatenate([kept[row, place], item[is_meant]])
        values = PastValues(past, items, max_length=self._max_length)
        found = values.before(group, second)
        self._remember(users, *values.before(np.arange(len(users)), np.full(len(users), _LATER)))
        return found

    def _remember(self, users: np.ndarray, items: np.ndarray, offsets: np.ndarray) -> None:
        """Keeps `items`, which come latest first, oldest first at the left of each row."""
        lengths = np.diff(offsets)
        rows = np.repeat(np.arange(len(users)), lengths)
        back = np.arange(len(items)) - np.repeat(offsets[:-1], lengths)
        kept = np.full((len(users), self._max_length), _NOTHING, np.int32)
        kept[rows, np.repeat(lengths, lengths) - 1 - back] = items
        self._items[users] = kept
