"""Values to numbers from 0, in the order in which they come, batch by batch."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

NOBODY = -1


class Numbers:
    """The numbers of the values of one column."""

    def __init__(self) -> None:
        """Knows no value yet."""
        self._values: pa.Array | None = None

    @property
    def values(self) -> pa.Array:
        """The values by their numbers, [V]; of type null if there was none."""
        return pa.nulls(0) if self._values is None else self._values

    def __len__(self) -> int:
        return len(self.values)

    def of(self, column: pa.Array) -> pa.Array:
        """Returns the number of each value, int32 [N], NOBODY for a null; new ones are learnt."""
        coded = column.dictionary_encode()
        words = coded.dictionary
        if self._values is None:
            self._values = words
            index = np.arange(len(words), dtype=np.int32)
        else:
            found = pc.index_in(words, value_set=self._values)
            if found.null_count:
                fresh = words.filter(found.is_null())
                index = found.fill_null(0).to_numpy().astype(np.int32)
                is_new = found.is_null().to_numpy(zero_copy_only=False)
                index[is_new] = np.arange(len(fresh)) + len(self._values)
                self._values = pa.concat_arrays([self._values, fresh])
            else:
                index = found.to_numpy()
        return pa.array(index).take(coded.indices).fill_null(NOBODY)

    def known(self, column: pa.Array) -> np.ndarray:
        """Returns the number of each value, int32 [N], NOBODY for those that it does not know."""
        if self._values is None or not len(column):
            return np.full(len(column), NOBODY, np.int32)
        found = pc.index_in(column, value_set=self._values, skip_nulls=True)
        return found.fill_null(NOBODY).to_numpy(zero_copy_only=False).astype(np.int32)
