"""Rows of the spool to blocks of examples, each with its past."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from ranker.datasets.examples import Block
from ranker.datasets.past.histories import Lists
from ranker.datasets.splits import TRAIN, Split
from ranker.datasets.table.numbering import Numbers
from ranker.datasets.table.past import Block as PastBlock
from ranker.datasets.table.past import PastColumns
from ranker.datasets.table.plan import KEY, LAST, Plan
from ranker.datasets.table.reserved import REQUEST, WEIGHT
from ranker.datasets.table.rows import RowMaker
from ranker.datasets.table.spool import TIME, Spool
from ranker.spec.table_features import INDICATOR, Number

_MICRO = 1_000_000
_SAMPLE = 1 << 20  # training rows that medians and buckets are of


class Forward:
    """Goes through the rows of a spool in order of time.

    Attributes:
      borders: by feature of kind "number", the least value of each bucket but the first, or its
        median alone; filled by `blocks`.
    """

    def __init__(self, plan: Plan, spool: Spool, maker: RowMaker, num_rows: int) -> None:
        """Takes rows that are all read."""
        self._plan, self._spool, self._maker, self._num_rows = plan, spool, maker, num_rows
        self._pairs: dict[tuple[str, ...], np.ndarray] = {
            group: self._pairs_of(group)
            for group in {past.group for past in plan.past if len(past.group) == 2}
        }
        self.borders: dict[str, np.ndarray] = {}

    def users(self) -> np.ndarray:
        """Returns the number of the user of each row, int32 [N]."""
        numbers, user = Numbers(), self._plan.spec.user
        parts = [
            numbers.of(table[user].combine_chunks()).to_numpy()
            for table in self._spool.blocks([user])
        ]
        return np.concatenate(parts)

    def blocks(self, split: Split, features: Sequence[str]) -> Iterator[Block]:
        """Yields the rows in order of time.

        Args:
          features: names of the columns, in their order.
        """
        self.borders = self._looked_at(split)
        past = self._past_columns()
        spec, start = self._plan.spec, 0
        beside = [*spec.tasks, *spec.keep, *([WEIGHT] if spec.weight else [])]
        beside += [REQUEST] if spec.request else []
        for rows in self._spool.blocks():
            known = split.knows(split.parts[start : start + len(rows)])
            start += len(rows)
            columns = {name: rows[name] for name in rows.column_names}
            numbers, lists = past.advance(self._past_block(columns, known))
            columns |= {name: pa.array(values) for name, values in numbers.items()}
            columns |= self._finished(columns)
            chosen = [n for n in dict.fromkeys((*features, *beside)) if n not in lists]
            table = pa.table({name: columns[name] for name in chosen})
            seconds = pa.array(rows[TIME].to_numpy() // _MICRO)
            table = table.append_column("timestamp", seconds)
            yield Block(table, deferred=partial(_copied, lists) if lists else None)

    def _past_columns(self) -> PastColumns:
        maker, groups = self._maker, {past.group for past in self._plan.past}
        num_groups = {
            group: max(1, len(self._pairs[group]) if len(group) == 2 else len(maker.keys[group[0]]))
            if group
            else 1
            for group in groups
        }
        return PastColumns(
            self._plan.past,
            num_groups=num_groups,
            names={f"{LAST}{name}": numbers.values for name, numbers in maker.last.items()},
            largest=maker.largest,
            num_rows=self._num_rows,
        )

    def _past_block(
        self, columns: Mapping[str, pa.ChunkedArray], is_known: np.ndarray
    ) -> PastBlock:
        groups, values = {}, {}
        for past in self._plan.past:
            if past.group not in groups:
                groups[past.group] = self._group(past.group, columns, len(is_known))
            if past.value and past.value not in values:
                found = columns[past.value].to_numpy()
                is_number = past.value.startswith(LAST)
                values[past.value] = found if is_number else found.astype(np.float64)
        return PastBlock(
            time=columns[TIME].to_numpy(),
            groups=groups,
            wheres={name: columns[name].to_numpy() for name in self._plan.conditions},
            values=values,
            is_known=is_known,
        )

    def _group(
        self, group: tuple[str, ...], columns: Mapping[str, pa.ChunkedArray], num_rows: int
    ) -> np.ndarray:
        if not group:
            return np.zeros(num_rows, np.int32)
        if len(group) == 1:
            return columns[f"{KEY}{group[0]}"].to_numpy()
        pair = _pair(columns, group)
        distinct, place = np.unique(pair, return_inverse=True)  # in order: each is found fast
        found = np.searchsorted(self._pairs[group], distinct).astype(np.int32)
        return np.where(pair < 0, -1, found[place])

    def _pairs_of(self, group: tuple[str, ...]) -> np.ndarray:
        """Returns the pairs of keys that there are, int64, ascending. [P]"""
        keys = [f"{KEY}{name}" for name in group]
        parts = [np.unique(_pair(table, group)) for table in self._spool.blocks(keys)]
        pairs = np.unique(np.concatenate(parts))
        return pairs[pairs >= 0]

    def _looked_at(self, split: Split) -> dict[str, np.ndarray]:
        """Returns the borders of buckets, and medians, of a sample of the training rows."""
        wanted = {
            maker.name: maker.part for maker in self._plan.makers
            if isinstance(maker.part, Number)
            and (maker.part.transform == "quantiles" or maker.part.missing == INDICATOR)
        }  # fmt: skip
        if not wanted:
            return {}
        step = max(1, self._num_rows // _SAMPLE)
        sample: dict[str, list[np.ndarray]] = {name: [] for name in wanted}
        start = 0
        for table in self._spool.blocks(list(wanted)):
            parts = split.parts[start : start + len(table)]
            place = np.flatnonzero(parts == TRAIN)
            place = place[(place + start) % step == 0]
            start += len(table)
            for name, kept in sample.items():
                values = table[name].to_numpy()[place]
                kept.append(values[~np.isnan(values)])
        return {name: _borders(np.concatenate(sample[name]), wanted[name]) for name in wanted}

    def _finished(self, columns: Mapping[str, pa.ChunkedArray]) -> dict[str, pa.Array]:
        """Returns the columns for which the training rows had to be looked at."""
        made: dict[str, pa.Array] = {}
        by_name = {maker.name: maker.part for maker in self._plan.makers}
        for name, borders in self.borders.items():
            values = columns[name].to_numpy()
            part = by_name[name]
            if isinstance(part, Number) and part.transform == "quantiles":
                bucket = 1 + np.searchsorted(borders, values, side="right")
                made[name] = pa.array(np.where(np.isnan(values), 0, bucket).astype(np.int64))
            else:
                made[name] = pa.array(np.where(np.isnan(values), borders[0], values))
        return made


def _borders(values: np.ndarray, part: Number) -> np.ndarray:
    """Returns the least value of each bucket but the first, or the median; float32."""
    if not len(values):
        return np.zeros(1, np.float32)
    if part.transform != "quantiles":
        return np.quantile(values, [0.5], method="lower").astype(np.float32)
    shares = np.arange(1, part.num_buckets) / part.num_buckets
    return np.unique(np.quantile(values, shares, method="higher").astype(np.float32))


def _pair(columns: Any, group: tuple[str, ...]) -> np.ndarray:
    """Returns both keys as one number, -1 where one is missing, int64 [M], of a table's columns."""
    first, second = (columns[f"{KEY}{name}"].to_numpy().astype(np.int64) for name in group)
    return np.where((first < 0) | (second < 0), -1, (first << 32) | second)


def _copied(lists: Mapping[str, Lists], places: np.ndarray) -> dict[str, pa.Array]:
    return {name: found.copied(places) for name, found in lists.items()}
