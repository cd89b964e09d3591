"""What had happened before an event: the one place that looks into the past.

"Before" is a strictly smaller time. MovieLens' users rate many films within one
second and the order within it is not told, so nothing of that second counts, the
event itself included. Changing or removing any event at time >= t therefore
changes no answer for time t.
"""

import numpy as np

_TIME_BITS = 33


class Past:
    """Events in groups (of one user, of one item), each group in order of time.

    Attributes:
      order: places of the events, group by group, oldest first, ties as given.
    """

    def __init__(self, group: np.ndarray, time: np.ndarray, *, num_groups: int) -> None:
        """Sorts events of `group[i]` at `time[i]`, both [N], time in [0, 2**32)."""
        keys = _key(group, time)
        self.order = np.argsort(keys, kind="stable").astype(np.int32)
        self._keys = keys[self.order]
        self.starts = np.searchsorted(self._keys, _key(np.arange(num_groups + 1), 0))

    def until(self, group: np.ndarray, time: np.ndarray) -> np.ndarray:
        """Returns, [M], the place in `order` behind the last event of the group before `time`."""
        asked = _key(group, time)
        order = np.argsort(asked)  # neighbours in the answer are neighbours in the cache
        until = np.empty(len(asked), np.int64)
        until[order] = np.searchsorted(self._keys, asked[order], side="left")
        return until

    def count(self, group: np.ndarray, until: np.ndarray) -> np.ndarray:
        """Returns, [M], the number of events of the group up to the place `until`."""
        return until - self.starts[group]


class PastValues:
    """The last values of a group's past, most recent first."""

    def __init__(self, past: Past, value: np.ndarray, *, max_length: int) -> None:
        """Remembers `value`, [N], given in the order `past` was; at most `max_length` a row."""
        self._past = past
        self._value = value[past.order]
        self._max_length = max_length

    def before(self, group: np.ndarray, time: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns (values, offsets): row i has values[offsets[i]:offsets[i + 1]]."""
        until = self._past.until(group, time)
        length = np.minimum(self._past.count(group, until), self._max_length)
        offsets = np.concatenate([[0], np.cumsum(length)])
        back = np.arange(offsets[-1]) - np.repeat(offsets[:-1], length)
        values = self._value[np.repeat(until - 1, length) - back]
        return values, offsets.astype(np.int32)


def _key(group: np.ndarray, time: np.ndarray | int) -> np.ndarray:
    return (group.astype(np.int64) << _TIME_BITS) | time
