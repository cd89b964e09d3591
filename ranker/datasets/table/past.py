"""Features of the past of a table, going forward in time block by block.

The engine is that of `ranker.datasets.past.forward`. A window of time is the difference of two
totals: of what was before the row, and of what was before the row's time less the window.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from ranker.datasets.past.forward import Window
from ranker.datasets.past.histories import Lists, lists_of
from ranker.datasets.table.past_kinds import KINDS, Asked, Kept


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
      values: by value, float32, NaN for none, or numbers int32. [M]
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
    ) -> None:
        """Knows of no row yet.

        Args:
          num_groups: by grouping.
          names: by value of "last", what its numbers stand for. [V]
        """
        self._names = names
        self._features = [(spec, KINDS[spec.kind](spec, num_groups[spec.group])) for spec in specs]

    def advance(self, block: Block) -> tuple[dict[str, np.ndarray], dict[str, Lists]]:
        """Returns the numbers, float32 [M], and the lists of the rows, then remembers them."""
        numbers: dict[str, np.ndarray] = {}
        lists: dict[str, Lists] = {}
        by_group: dict[tuple[str, ...], Window] = {}
        for spec, feature in self._features:
            found = feature.advance(_asked(block, spec, by_group))
            if isinstance(found, np.ndarray):
                numbers[spec.name] = found.astype(np.float32)
            else:
                lists[spec.name] = lists_of(found, self._names[spec.value])
        return numbers, lists

    def kept(self) -> dict[str, dict[str, Kept]]:
        """Returns by feature, and by part of it, what it knows of the rows so far."""
        return {spec.name: dict(feature.kept()) for spec, feature in self._features}

    def put(self, kept: Mapping[str, Mapping[str, Kept]]) -> None:
        """Takes what `kept` gave, its groups by their numbers here; only before any row."""
        for spec, feature in self._features:
            for part, one in kept.get(spec.name, {}).items():
                feature.put(part, one)


def _asked(block: Block, spec: PastSpec, by_group: dict[tuple[str, ...], Window]) -> Asked:
    """Returns how a feature sees a block; `by_group` keeps what features share."""
    group = block.groups[spec.group]
    counts_for_all = _counting(block, spec)
    is_nobody = group < 0
    counts = counts_for_all
    if is_nobody.any():
        group, counts = np.where(is_nobody, 0, group), counts & ~is_nobody
    if spec.group not in by_group:
        by_group[spec.group] = Window(group, block.time, is_known=np.ones(len(group), bool))
    return Asked(
        window=by_group[spec.group].only(counts),
        time=block.time,
        group=group,
        value=block.values[spec.value] if spec.value else None,
        is_nobody=is_nobody,
        counts=counts,
        counts_for_all=counts_for_all,
    )


def _counting(block: Block, spec: PastSpec) -> np.ndarray:
    """Returns whether each row counts, whatever its group."""
    counts = block.is_known
    if spec.where:
        counts = counts & block.wheres[spec.where]
    if spec.value:
        value = block.values[spec.value]
        counts = counts & (~np.isnan(value) if value.dtype.kind == "f" else value >= 0)
    return counts
