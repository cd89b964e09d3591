"""Kinds of features of the past: what each says of the rows before, and what it knows of them."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from ranker.datasets.past.forward import Ages, Found, Tails, Window
from ranker.datasets.table.sums import DIGIT_BITS, Digits, Sums, less, total

_MICRO = 1_000_000
WHOLE, WINDOW, ALL = "", "window", "all"  # parts of what is kept
_SUM = "sum_2^"  # a column of multiples of this power of two


class Asked(NamedTuple):
    """The rows of a block as a feature sees them. [M] each

    Attributes:
      window: by group; known are those that count.
      time: microseconds, ascending.
      group: 0 for rows of no group.
      value: float32, NaN for none, or numbers int32; None where none is asked for.
      is_nobody: whether a row is of no group.
      counts, counts_for_all: whether it counts for its group, and for everybody.
    """

    window: Window
    time: np.ndarray
    group: np.ndarray
    value: np.ndarray | None
    is_nobody: np.ndarray
    counts: np.ndarray
    counts_for_all: np.ndarray


class Kept(NamedTuple):
    """What a feature knows of some groups.

    Attributes:
      group: numbers of the groups. [K]
      columns: by name, of each of them. [K]
      values, lengths: lists of them, one behind the other, oldest first: numbers [V], and how
        many each has, [K]; None where there are no lists.
    """

    group: np.ndarray
    columns: Mapping[str, np.ndarray] = {}
    values: np.ndarray | None = None
    lengths: np.ndarray | None = None


class _Count:
    """How many rows there were, in all time or in a window."""

    def __init__(self, spec: Any, num_groups: int) -> None:
        self._spec = spec
        self._sums = Sums(num_groups)
        self._behind = _Behind(num_groups, spec.window * _MICRO) if spec.window else None

    def advance(self, asked: Asked) -> np.ndarray:
        """Returns what is before each row, [M], then remembers the block."""
        return self._before(asked._replace(value=None))[0]

    def kept(self) -> Iterator[tuple[str, Kept]]:
        """Yields each part of what is known at the end, with the part's name."""
        counts, digits = self._sums.counts, self._sums.digits
        if self._behind is not None:
            counts = counts - self._behind.sums.counts
            digits = less(digits, self._behind.sums.digits)
            yield WINDOW, self._behind.kept()
        yield WHOLE, _kept_sums(counts, digits)

    def put(self, part: str, kept: Kept) -> None:
        """Takes a part that `kept` gave, of groups of which nothing is known yet."""
        if part == WINDOW:
            assert self._behind is not None, self._spec
            self._behind.put(kept)
        elif part == WHOLE:
            _put_sums(self._sums, kept)

    def _before(self, asked: Asked) -> tuple[np.ndarray, Digits]:
        count, digits = self._sums.advance(asked.window, asked.value)
        if self._behind is not None:
            left_count, left = self._behind.advance(asked)
            count, digits = count - left_count, less(digits, left)
        is_nobody = asked.is_nobody
        if is_nobody.any():
            count = np.where(is_nobody, 0, count)
            digits = {k: np.where(is_nobody, 0, digit) for k, digit in digits.items()}
        return count, digits


class _Mean(_Count):
    """The mean of a value, drawn to that of all rows before."""

    def __init__(self, spec: Any, num_groups: int) -> None:
        super().__init__(spec, num_groups)
        self._of_all = Sums(1)

    def advance(self, asked: Asked) -> np.ndarray:
        """Returns what is before each row, [M], then remembers the block."""
        count, digits = self._before(asked)
        everybody = np.zeros(len(count), np.int32)
        window = Window(everybody, asked.time, is_known=asked.counts_for_all)
        all_count, all_digits = self._of_all.advance(window, asked.value)
        prior = total(all_digits, len(count)) / np.maximum(all_count, 1)
        weight = np.where(count + self._spec.prior_weight > 0, self._spec.prior_weight, 1.0)
        return (total(digits, len(count)) + weight * prior) / (count + weight)

    def kept(self) -> Iterator[tuple[str, Kept]]:
        yield from super().kept()
        yield ALL, _kept_sums(self._of_all.counts, self._of_all.digits)

    def put(self, part: str, kept: Kept) -> None:
        """Takes a part that `kept` gave, of groups of which nothing is known yet."""
        super().put(part, kept)
        if part == ALL:
            _put_sums(self._of_all, kept)


class _Recency:
    """Seconds since the last row; 0 if there was none."""

    def __init__(self, spec: Any, num_groups: int) -> None:
        self._ages = Ages(num_groups)

    def advance(self, asked: Asked) -> np.ndarray:
        """Returns what is before each row, [M], then remembers the block."""
        _, since = self._ages.advance(asked.window, asked.time)
        return np.where(asked.is_nobody, 0, since) / _MICRO

    def kept(self) -> Iterator[tuple[str, Kept]]:
        group, last = self._ages.last()
        yield WHOLE, Kept(group, {"last": last})

    def put(self, part: str, kept: Kept) -> None:
        """Takes a part that `kept` gave, of groups of which nothing is known yet."""
        self._ages.put(kept.group, kept.columns["last"])


class _Last:
    """The last values, the latest first."""

    def __init__(self, spec: Any, num_groups: int) -> None:
        self._tails = Tails(num_groups, max_length=spec.length)

    def advance(self, asked: Asked) -> Found:
        """Returns what is before each row, [M], then remembers the block."""
        assert asked.value is not None
        found = self._tails.advance(asked.window, asked.value)
        return found._replace(length=np.where(asked.is_nobody, 0, found.length))

    def kept(self) -> Iterator[tuple[str, Kept]]:
        group, values, lengths = self._tails.last()
        yield WHOLE, Kept(group, values=values, lengths=lengths)

    def put(self, part: str, kept: Kept) -> None:
        """Takes a part that `kept` gave, of groups of which nothing is known yet."""
        assert kept.values is not None
        assert kept.lengths is not None
        self._tails.put(kept.group, kept.values, kept.lengths)


KINDS: Mapping[str, Any] = {
    "count": _Count, "mean": _Mean, "recency": _Recency, "last": _Last,
}  # fmt: skip


def _kept_sums(counts: np.ndarray, digits: Digits) -> Kept:
    group = np.flatnonzero(counts)
    columns = {"count": counts[group].astype(np.int64)}
    kept = {k: digits[k][group] for k in sorted(digits, reverse=True)}
    if kept:
        columns["sum"] = total(kept, len(group))  # for people: what counts are the digits
    return Kept(group, columns | {f"{_SUM}{DIGIT_BITS * k}": digit for k, digit in kept.items()})


def _put_sums(sums: Sums, kept: Kept) -> None:
    sums.counts[kept.group] = kept.columns["count"]
    for name, digit in kept.columns.items():
        if name.startswith(_SUM):
            k = int(name.removeprefix(_SUM)) // DIGIT_BITS
            of_k = sums.digits.setdefault(k, np.zeros(len(sums.counts), np.int64))
            of_k[kept.group] = digit


class _Behind:
    """Totals of what was before each row's time less a window: its rows wait here meanwhile."""

    def __init__(self, num_groups: int, length: int) -> None:
        """Takes the length of the window in microseconds."""
        self.sums = Sums(num_groups)
        self._length = length
        self._waiting: list[tuple[np.ndarray, ...]] = []

    def advance(self, asked: Asked) -> tuple[np.ndarray, Digits]:
        """Returns count and sum before the time less the window, [M], and keeps the rows."""
        counts = asked.counts
        value = np.zeros(len(counts), np.float32) if asked.value is None else asked.value
        self._waiting.append((asked.time[counts], asked.group[counts], value[counts]))
        then = asked.time - self._length
        due = [self._taken(piece, then[-1]) for piece in self._waiting]
        self._waiting = [rest for _, rest in due if len(rest[0])]
        past = [np.concatenate(columns) for columns in zip(*(p for p, _ in due), strict=True)]
        times = np.concatenate([past[0], then])
        order = np.argsort(times, kind="stable")
        groups = np.concatenate([past[1], asked.group])[order]
        values = np.concatenate([past[2], np.zeros(len(then), np.float32)])[order]
        is_past = order < len(past[0])
        window = Window(groups, times[order], is_known=is_past)
        count, digits = self.sums.advance(window, None if asked.value is None else values)
        return count[~is_past], {k: digit[~is_past] for k, digit in digits.items()}

    def kept(self) -> Kept:
        """Returns the rows of the window, [K], in order of time."""
        pieces = self._waiting or [
            (np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, "f4"))
        ]
        time, group, value = (np.concatenate(columns) for columns in zip(*pieces, strict=True))
        return Kept(group, {"time": time, "value": value})

    def put(self, kept: Kept) -> None:
        """Takes the rows of a window that `kept` gave."""
        self._waiting = [(kept.columns["time"], kept.group, kept.columns["value"])]

    def _taken(self, piece: tuple[np.ndarray, ...], end: int) -> tuple:
        cut = int(np.searchsorted(piece[0], end, side="left"))
        return tuple(c[:cut] for c in piece), tuple(c[cut:] for c in piece)
