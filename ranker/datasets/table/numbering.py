"""Values to numbers from 0, in the order in which they come, batch by batch."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

NOBODY = -1


class _Level(NamedTuple):
    """Values with consecutive numbers, [V], and an index of them, or of hashes of text. [V]"""

    values: pa.Array
    index: pd.Index


class Numbers:
    """The numbers of the values of one column, which is int64 or text.

    What was seen is kept in levels, each at least twice as large as the next, so that few are
    looked through, and each value is put into a new one only as often as they double. Text is
    found by its hash, and compared. Should two texts ever have one hash, the hashes are dropped,
    and each batch is held against all texts.
    """

    def __init__(self) -> None:
        """Knows no value yet."""
        self._levels: list[_Level] = []
        self._has_hashes = True

    @property
    def values(self) -> pa.Array:
        """The values by their numbers, [V]; of type null if there was none."""
        while len(self._levels) > 1:
            self._join_last()
        return self._levels[0].values if self._levels else pa.nulls(0)

    def __len__(self) -> int:
        return sum(len(level.values) for level in self._levels)

    def of(self, column: pa.Array) -> pa.Array:
        """Returns the number of each value, int32 [N], NOBODY for a null; new ones are learnt."""
        coded = column.dictionary_encode()
        words = coded.dictionary
        number = self._found(words)
        is_new = number == NOBODY
        if is_new.any():
            number[is_new] = np.arange(is_new.sum()) + len(self)
            self._learn(words.filter(pa.array(is_new)))
        return pa.array(number).take(coded.indices).fill_null(NOBODY)

    def known(self, column: pa.Array) -> np.ndarray:
        """Returns the number of each value, int32 [N], NOBODY for those that it does not know."""
        coded = column.dictionary_encode()
        found = pa.array(self._found(coded.dictionary)).take(coded.indices)
        return found.fill_null(NOBODY).to_numpy(zero_copy_only=False)

    def _learn(self, fresh: pa.Array) -> None:
        index = pd.Index(_keys(fresh) if self._has_hashes else [])
        self._levels.append(_Level(fresh, index))
        if not index.is_unique:
            self._drop_hashes()
        while len(self._levels) > 1 and len(self._levels[-2].values) < 2 * len(fresh):
            fresh = self._join_last()

    def _join_last(self) -> pa.Array:
        before, last = self._levels[-2:]
        values = pa.concat_arrays([before.values, last.values])
        self._levels[-2:] = [_Level(values, before.index.append(last.index))]
        return values

    def _found(self, words: pa.Array) -> np.ndarray:
        """Returns the numbers of distinct values without a null, [W]; int32 [W]."""
        if not self._has_hashes:
            found = pc.index_in(words, value_set=self.values)
            return found.fill_null(NOBODY).to_numpy(zero_copy_only=False).copy()
        keys = _keys(words)
        number = np.full(len(keys), NOBODY, np.int32)
        left, first = np.arange(len(keys)), 0
        for values, index in self._levels:
            place = index.get_indexer(pd.Index(keys[left]))
            is_here = place >= 0
            here, place = left[is_here], place[is_here]
            if pa.types.is_string(values.type) and not _are(words, here, values, place):
                self._drop_hashes()
                return self._found(words)
            number[here] = place + first
            left, first = left[~is_here], first + len(values)
        return number

    def _drop_hashes(self) -> None:
        self._has_hashes = False
        self._levels = [_Level(values, pd.Index([])) for values, _ in self._levels]


def _keys(words: pa.Array) -> np.ndarray:
    """Returns values as they are found: whole numbers themselves, hashes of text. int64 [W]"""
    if not pa.types.is_string(words.type):
        return words.to_numpy()
    text = words.to_numpy(zero_copy_only=False).astype(object)
    return pd.util.hash_array(text, categorize=False).view(np.int64)


def _are(words: pa.Array, here: np.ndarray, values: pa.Array, index: np.ndarray) -> bool:
    """Returns whether the words at `here`, [H], are the values at `index`, [H]."""
    is_equal = pc.equal(words.take(pa.array(here)), values.take(pa.array(index)))
    return pc.all(is_equal).as_py() is not False
