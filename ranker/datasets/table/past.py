"""Features of the past of a table, going forward in time block by block.

The engine is that of `ranker.datasets.past.forward`. A window of time is the difference of two
totals: of what was before the row, and of what was before the row's time less the window.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from ranker.datasets.past.forward import Ages, Tails, Totals, Window
from ranker.datasets.past.histories import Lists, lists_of

_MICRO = 1_000_000
_SUM_BITS = 62  # of sums of whole numbers


class PastSpec(NamedTuple):
    """What one feature of the past looks at.

    Attributes:
      name: of the feature.
      kind: "count", "mean", "recency" or "last".
      group: which of the groupings.
      where: which of the conditions; "" for all rows.
      value: which of the values, or of "last" of the numbers; "" for none.
      window: seconds; 0 for all time.
      prior_weight: of a mean, in rows.
      length: of "last".
    """

    name: str
    kind: str
    group: tuple[str, ...]
    where: str
    value: str
    window: int
    prior_weight: float
    length: int


class Block(NamedTuple):
    """Rows of the next moments, as the features of the past see them.

    Attributes:
      time: microseconds, ascending. [M]
      groups: by grouping, numbers of the groups; below 0 of no group. int [M]
      wheres: by condition, whether it holds. bool [M]
      values: by value, float64, NaN for none, or numbers int32. [M]
      is_known: whether later rows may know of them. bool [M]
    """

    time: np.ndarray
    groups: Mapping[tuple[str, ...], np.ndarray]
    wheres: Mapping[str, np.ndarray]
    values: Mapping[str, np.ndarray]
    is_known: np.ndarray


class PastColumns:
    """Computes all features of the past of a table."""

    def __init__(
        self,
        specs: Sequence[PastSpec],
        *,
        num_groups: Mapping[tuple[str, ...], int],
        names: Mapping[str, pa.Array],
        largest: Mapping[str, float],
        num_rows: int,
    ) -> None:
        """Knows of no row yet.

        Args:
          num_groups: by grouping.
          names: by value of "last", what its numbers stand for. [V]
          largest: by value, its largest size.
          num_rows: how many there will be.
        """
        self._names = names
        self._features = [
            _MAKERS[spec.kind](spec, num_groups[spec.group], unit_of(spec, largest, num_rows))
            for spec in specs
        ]

    def advance(self, block: Block) -> tuple[dict[str, np.ndarray], dict[str, Lists]]:
        """Returns the numbers, float32 [M], and the lists of the rows, then remembers them."""
        numbers: dict[str, np.ndarray] = {}
        lists: dict[str, Lists] = {}
        by_group: dict[tuple[str, ...], Window] = {}
        for feature in self._features:
            spec = feature.spec
            found = feature.advance(block, _asked(block, spec, by_group))
            if isinstance(found, np.ndarray):
                numbers[spec.name] = found.astype(np.float32)
            else:
                lists[spec.name] = lists_of(found, self._names[spec.value])
        return numbers, lists


class _Asked(NamedTuple):
    """The rows of a block by one grouping, and which of them count. [M]"""

    window: Window
    group: np.ndarray
    counts: np.ndarray


def _asked(block: Block, spec: PastSpec, by_group: dict[tuple[str, ...], Window]) -> _Asked:
    """Returns how a feature sees a block; `by_group` keeps what features share."""
    group = block.groups[spec.group]
    counts = _counting(block, spec)
    is_nobody = group < 0
    if is_nobody.any():
        group, counts = np.where(is_nobody, 0, group), counts & ~is_nobody
    if spec.group not in by_group:
        by_group[spec.group] = Window(group, block.time, is_known=np.ones(len(group), bool))
    return _Asked(by_group[spec.group].only(counts), group, counts)


def _counting(block: Block, spec: PastSpec) -> np.ndarray:
    """Returns whether each row counts, whatever its group."""
    counts = block.is_known
    if spec.where:
        counts = counts & block.wheres[spec.where]
    if spec.value:
        value = block.values[spec.value]
        counts = counts & (~np.isnan(value) if value.dtype.kind == "f" else value >= 0)
    return counts


def unit_of(spec: PastSpec, largest: Mapping[str, float], num_rows: int) -> float:
    """Returns the unit in which the values of a mean are added up as whole numbers, exactly.

    A power of 2 so small that no sum of `num_rows` of them leaves 62 bits; 1 for what is no mean.
    """
    if spec.kind != "mean":
        return 1.0
    size = max(largest.get(spec.value, 0.0), 1e-30) * max(num_rows, 1)
    return float(2.0 ** (int(np.ceil(np.log2(size))) + 1 - _SUM_BITS))


class _Count:
    """How many rows there were, in all time or in a window."""

    def __init__(self, spec: PastSpec, num_groups: int, unit: float) -> None:
        self.spec, self._unit = spec, unit
        self._totals = Totals(num_groups)
        self._behind = _Behind(num_groups, spec.window * _MICRO) if spec.window else None

    def advance(self, block: Block, asked: _Asked) -> np.ndarray:
        """Returns what is before each row, [M], then remembers the block."""
        count, _ = self._before(block, asked, np.zeros(len(block.time), np.int64))
        return count

    def _before(
        self, block: Block, asked: _Asked, value: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        count, total = self._totals.advance(asked.window, value)
        if self._behind is not None:
            left_count, left_total = self._behind.advance(block.time, asked, value)
            count, total = count - left_count, total - left_total
        is_nobody = block.groups[self.spec.group] < 0
        return np.where(is_nobody, 0, count), np.where(is_nobody, 0, total)


class _Mean(_Count):
    """The mean of a value, drawn to that of all rows before."""

    def __init__(self, spec: PastSpec, num_groups: int, unit: float) -> None:
        super().__init__(spec, num_groups, unit)
        self._of_all = Totals(1)

    def advance(self, block: Block, asked: _Asked) -> np.ndarray:
        """Returns what is before each row, [M], then remembers the block."""
        value = np.nan_to_num(block.values[self.spec.value]) / self._unit
        whole = np.rint(value).astype(np.int64)
        count, total = self._before(block, asked, whole)
        counts = _counting(block, self.spec)
        everybody = Window(np.zeros(len(whole), np.int32), block.time, is_known=counts)
        all_count, all_total = self._of_all.advance(everybody, whole)
        prior = self._unit * all_total / np.maximum(all_count, 1)
        weight = np.where(count + self.spec.prior_weight > 0, self.spec.prior_weight, 1.0)
        return (self._unit * total + weight * prior) / (count + weight)


class _Recency:
    """Seconds since the last row; 0 if there was none."""

    def __init__(self, spec: PastSpec, num_groups: int, unit: float) -> None:
        self.spec = spec
        self._ages = Ages(num_groups)

    def advance(self, block: Block, asked: _Asked) -> np.ndarray:
        """Returns what is before each row, [M], then remembers the block."""
        _, since = self._ages.advance(asked.window, block.time)
        return np.where(block.groups[self.spec.group] < 0, 0, since) / _MICRO


class _Last:
    """The last values, the latest first."""

    def __init__(self, spec: PastSpec, num_groups: int, unit: float) -> None:
        self.spec = spec
        self._tails = Tails(num_groups, max_length=spec.length)

    def advance(self, block: Block, asked: _Asked) -> object:
        """Returns what is before each row, [M], then remembers the block."""
        found = self._tails.advance(asked.window, block.values[self.spec.value])
        is_nobody = block.groups[self.spec.group] < 0
        return found._replace(length=np.where(is_nobody, 0, found.length))


_MAKERS = {"count": _Count, "mean": _Mean, "recency": _Recency, "last": _Last}


class _Behind:
    """Totals of what was before each row's time less a window: its rows wait here meanwhile."""

    def __init__(self, num_groups: int, length: int) -> None:
        """Takes the length of the window in microseconds."""
        self._totals = Totals(num_groups)
        self._length = length
        self._waiting: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def advance(
        self, time: np.ndarray, asked: _Asked, value: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns (count, sum) before `time` less the window, [M] each, and keeps the rows."""
        counts = asked.counts
        self._waiting.append((time[counts], asked.group[counts], value[counts]))
        then = time - self._length
        due = [self._taken(piece, then[-1]) for piece in self._waiting]
        self._waiting = [rest for _, rest in due if len(rest[0])]
        past = [np.concatenate(columns) for columns in zip(*(p for p, _ in due), strict=True)]
        times = np.concatenate([past[0], then])
        order = np.argsort(times, kind="stable")
        groups = np.concatenate([past[1], asked.group])[order]
        values = np.concatenate([past[2], np.zeros(len(then), np.int64)])[order]
        is_past = order < len(past[0])
        window = Window(groups, times[order], is_known=is_past)
        count, total = self._totals.advance(window, values)
        return count[~is_past], total[~is_past]

    def _taken(self, piece: tuple[np.ndarray, ...], end: int) -> tuple:
        cut = int(np.searchsorted(piece[0], end, side="left"))
        return tuple(c[:cut] for c in piece), tuple(c[cut:] for c in piece)
