"""Values of keys to the numbers of groups, and back."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from ranker.datasets.table.numbering import NOBODY, Numbers
from ranker.datasets.table.reserved import KEY
from ranker.datasets.table.spool import Spool

Grouping = tuple[str, ...]  # no key, one or two


class Groups:
    """The groups of each grouping: of all rows, of each value of a key, or of each pair of two."""

    def __init__(self, groupings: Iterable[Grouping], keys: Mapping[str, Numbers]) -> None:
        """Takes the numbers of the keys, of which no value is missing."""
        self._keys = keys
        self._pairs: dict[Grouping, np.ndarray] = {
            g: np.zeros(0, np.int64) for g in groupings if len(g) == 2
        }

    def learn(self, spool: Spool, further: Mapping[Grouping, list[np.ndarray]]) -> None:
        """Finds the pairs that there are, in the rows and among `further`, [P] each."""
        for grouping in self._pairs:
            names = [f"{KEY}{name}" for name in grouping]
            parts = [np.unique(_pair_of(table, grouping)) for table in spool.blocks(names)]
            pairs = np.unique(np.concatenate([*parts, *further.get(grouping, [])]))
            self._pairs[grouping] = pairs[pairs >= 0]

    def size(self, grouping: Grouping) -> int:
        """Returns how many groups there are, at least 1."""
        if not grouping:
            return 1
        pairs = self._pairs.get(grouping)
        return max(1, len(self._keys[grouping[0]]) if pairs is None else len(pairs))

    def of(self, grouping: Grouping, columns: Mapping[str, Any], num_rows: int) -> np.ndarray:
        """Returns the number of the group of each row, NOBODY where it has none. int32 [M]"""
        if not grouping:
            return np.zeros(num_rows, np.int32)
        if len(grouping) == 1:
            return columns[f"{KEY}{grouping[0]}"].to_numpy()
        return self._numbers(grouping, _pair_of(columns, grouping))

    def found(
        self, grouping: Grouping, values: Mapping[str, pa.Array], num_rows: int
    ) -> np.ndarray:
        """Returns the number of the group of each of these values of keys, [K], NOBODY for none."""
        if not grouping:
            return np.zeros(num_rows, np.int32)
        numbers = [self._keys[name].known(values[name]) for name in grouping]
        if len(numbers) == 1:
            return numbers[0]
        return self._numbers(grouping, pair(*numbers))

    def values(self, grouping: Grouping, group: np.ndarray) -> dict[str, pa.Array]:
        """Returns the values of the keys of groups by their numbers, [K]."""
        if len(grouping) == 2:
            pairs = self._pairs[grouping][group]
            numbers = [pairs >> 32, pairs & 0xFFFFFFFF]
        else:
            numbers = [group] * len(grouping)
        return {
            name: self._keys[name].values.take(pa.array(of_key))
            for name, of_key in zip(grouping, numbers, strict=True)
        }

    def _numbers(self, grouping: Grouping, pairs: np.ndarray) -> np.ndarray:
        distinct, index = np.unique(pairs, return_inverse=True)  # in order: each is found fast
        known = self._pairs[grouping]
        found = np.searchsorted(known, distinct)
        is_known = known[np.minimum(found, len(known) - 1)] == distinct if len(known) else found < 0
        return np.where(is_known, found, NOBODY).astype(np.int32)[index]


def pair(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Returns the numbers of two keys as one, below 0 where one is missing. int64 [N] each"""
    first, second = first.astype(np.int64), second.astype(np.int64)
    return np.where((first < 0) | (second < 0), -1, (first << 32) | second)


def _pair_of(columns: Any, grouping: Grouping) -> np.ndarray:
    first, second = (columns[f"{KEY}{name}"].to_numpy() for name in grouping)
    return pair(first, second)
