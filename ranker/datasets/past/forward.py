"""What had happened before each event, going forward in time window by window.

"Before" is a strictly smaller time. MovieLens' users rate many films within one
second and the order within it is not known, so nothing of that second counts, the
event itself included. Changing or removing any event at time >= t therefore
changes no answer for time t.

Each window holds the events that follow those of the window before, and no second is
divided between two. What is kept from one window to the next grows with the number of
groups (users, items), never with that of the events.
"""

from typing import NamedTuple

import numpy as np

from ranker.datasets.order import stable_order


class Events(NamedTuple):
    """Who met what, and when, [M] each: numbers of user and item, and Unix seconds."""

    user: np.ndarray
    item: np.ndarray
    time: np.ndarray


class Window:
    """The events of one window by group (of one user, of one item), each in order of time.

    Some events are *known*: they are the past of those that come after. The others only
    ask. Known events are numbered as they stand here: group by group, oldest first.

    Attributes:
      order: indices of the events, group by group, oldest first. [M]
      groups: the groups there are, ascending. [K]
      sizes: how many events each has. [K]
      starts, ends: number of the first known event of each group, and of the one behind
        its last. [K]
      until: number of the known event behind the last before the event. [M], as `order`
    """

    def __init__(self, group: np.ndarray, time: np.ndarray, *, is_known: np.ndarray) -> None:
        """Sorts M events, given in order of time.

        Args:
          group: whole numbers in [0, 2**32). [M]
          time: ascending. [M]
          is_known: whether events after it may know of it. [M]
        """
        self.order = stable_order(group)
        group, time = group[self.order], time[self.order]
        is_first = _differs(group)
        begins = np.flatnonzero(is_first)
        moments = np.flatnonzero(is_first | _differs(time))
        self.groups = group[begins]
        self.sizes = _lengths(begins, len(group))
        self._is_known = None if is_known.all() else is_known[self.order]
        if self._is_known is None:
            before = np.arange(len(group) + 1)
        else:
            before = np.concatenate([[0], np.cumsum(self._is_known)])
        self.starts = before[begins]
        self.ends = before[begins + self.sizes]
        self.until = np.repeat(before[moments], _lengths(moments, len(group)))

    def known(self, value: np.ndarray) -> np.ndarray:
        """Returns the values of the known events, by their numbers, of [M] as given."""
        value = value[self.order]
        return value if self._is_known is None else value[self._is_known]

    def spread(self, value: np.ndarray) -> np.ndarray:
        """Returns for each event, as `order`, the value of its group, of [K]."""
        return np.repeat(value, self.sizes)

    def as_given(self, value: np.ndarray) -> np.ndarray:
        """Returns values of the events, [M] as `order`, as the events were given."""
        restored = np.empty_like(value)
        restored[self.order] = value
        return restored

    def only(self, is_meant: np.ndarray) -> "Window":
        """Returns the same window, of whose known events only those meant are known; bool [M]."""
        other = object.__new__(Window)
        other.order, other.groups, other.sizes = self.order, self.groups, self.sizes
        meant = is_meant[self.order]
        other._is_known = meant if self._is_known is None else meant & self._is_known
        kept = self.known(is_meant)
        before = np.concatenate([[0], np.cumsum(kept)])
        other.starts, other.ends = before[self.starts], before[self.ends]
        other.until = before[self.until]
        return other


class Totals:
    """How many known events each group had, and the sum of a whole number over them."""

    def __init__(self, num_groups: int) -> None:
        """Knows of nothing yet."""
        self._count = np.zeros(num_groups, np.int32)
        self._sum = np.zeros(num_groups, np.int64)

    def advance(self, window: Window, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns (count, sum) before each event, as given, then remembers the window.

        Args:
          value: whole numbers; those of events that are not known do not count. [M]
        """
        groups, starts, ends = window.groups, window.starts, window.ends
        sums = np.concatenate([[0], np.cumsum(window.known(value), dtype=np.int64)])
        count = window.until + window.spread(self._count[groups] - starts)
        total = sums[window.until] + window.spread(self._sum[groups] - sums[starts])
        self._count[groups] += (ends - starts).astype(np.int32)
        self._sum[groups] += sums[ends] - sums[starts]
        return window.as_given(count), window.as_given(total)


class Ages:
    """When each group had its first known event, and its last."""

    def __init__(self, num_groups: int) -> None:
        """Knows of nothing yet."""
        self._first = np.zeros(num_groups, np.int64)
        self._last = np.full(num_groups, _NEVER, np.int64)

    def advance(self, window: Window, time: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns the seconds since the (first, last) before each event, as given; 0 if none.

        Then it remembers the window. `time` are Unix seconds. [M]
        """
        groups, starts, ends = window.groups, window.starts, window.ends
        known = np.append(window.known(time), _NEVER)
        is_new = self._last[groups] == _NEVER
        first = np.where(is_new, known[starts], self._first[groups])
        last = self._last[groups]
        now = time[window.order]
        has_fresh = window.until > window.spread(starts)
        then = np.where(has_fresh, known[window.until - 1], window.spread(last))
        is_there = then != _NEVER
        since_first = np.where(is_there, now - window.spread(first), 0)
        since_last = np.where(is_there, now - then, 0)
        has_any = ends > starts
        self._first[groups] = first  # of a group without any it is not looked at
        self._last[groups] = np.where(has_any, known[ends - 1], last)
        return window.as_given(since_first), window.as_given(since_last)

    def last(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns the groups that had a known event, and the time of each one's last. [K] each"""
        group = np.flatnonzero(self._last != _NEVER)
        return group, self._last[group]

    def put(self, group: np.ndarray, last: np.ndarray) -> None:
        """Takes what `last` gave, [K] each, of groups of which nothing is known yet.

        Each one's first event is then taken to be that last one.
        """
        self._first[group] = self._last[group] = last


class Found(NamedTuple):
    """The last values before each event: `values[until - length:until]`, oldest first.

    Attributes:
      values: of all groups of the window, those kept from before in front. [V]
      until, length: of each event, as given. [M]
    """

    values: np.ndarray
    until: np.ndarray
    length: np.ndarray


class Tails:
    """The last values of the known events of each group."""

    def __init__(self, num_groups: int, *, max_length: int) -> None:
        """Remembers nothing yet; at most `max_length` values a group."""
        self._values = np.zeros(num_groups * max_length, np.int32)  # oldest first, to the left
        self._lengths = np.zeros(num_groups, np.int64)
        self._max_length = max_length

    def advance(self, window: Window, value: np.ndarray) -> Found:
        """Returns the last values before each event, then remembers the window's, int32 [M]."""
        groups, fresh = window.groups, window.ends - window.starts
        kept = self._lengths[groups]
        lengths = np.minimum(kept + fresh, self._max_length)
        ends = np.cumsum(kept + fresh)
        begins = ends - kept - fresh
        values = np.empty(ends[-1], np.int32)
        values[_runs(begins, kept)] = self._values[self._cells(groups, kept)]
        values[_runs(begins + kept, fresh)] = window.known(value)
        until = window.until + window.spread(begins + kept - window.starts)
        length = np.minimum(until - window.spread(begins), self._max_length)
        self._values[self._cells(groups, lengths)] = values[_runs(ends - lengths, lengths)]
        self._lengths[groups] = lengths
        return Found(values, window.as_given(until), window.as_given(length))

    def last(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns groups with values, [K], these, oldest first, [V], and how many each has, [K]."""
        group = np.flatnonzero(self._lengths)
        lengths = self._lengths[group]
        return group, self._values[self._cells(group, lengths)], lengths

    def put(self, group: np.ndarray, values: np.ndarray, lengths: np.ndarray) -> None:
        """Takes what `last` gave, [K], [V] and [K], of groups of which nothing is known yet."""
        self._values[self._cells(group, lengths)] = values
        self._lengths[group] = lengths

    def _cells(self, groups: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        return _runs(groups.astype(np.int64) * self._max_length, lengths)


_NEVER = -1


def _runs(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Returns whole numbers that ascend by 1 from each start, [K], so many of each, [K]."""
    shift = starts - np.cumsum(lengths) + lengths
    found = np.repeat(shift, lengths)
    found += np.arange(len(found))
    return found


def _differs(values: np.ndarray) -> np.ndarray:
    """Returns whether each value differs from the one before it; the first does."""
    differs = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=differs[1:])
    return differs


def _lengths(starts: np.ndarray, end: int) -> np.ndarray:
    return np.diff(starts, append=end)
