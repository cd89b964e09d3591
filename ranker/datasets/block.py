"""Rows of one file as columns, from which what is wrong is refused."""

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa

from ranker.datasets.refusals import Refusals
from ranker.datasets.text import Array


class Block:
    """Some rows of a file; those that are refused leave it.

    Attributes:
      columns: by name, an array [N]: of NumPy, or of Arrow where it is text.
      line: where each row stands in the file, int32 [N].
    """

    def __init__(
        self, columns: Mapping[str, Array], line: np.ndarray, *, refusals: Refusals
    ) -> None:
        """Takes the rows as they were read."""
        self.columns = dict(columns)
        self.line = line
        self._refusals = refusals

    def __len__(self) -> int:
        return len(self.line)

    def __getitem__(self, column: str) -> Array:
        return self.columns[column]

    def keep(self, is_kept: np.ndarray, reason: str, *, problem: Callable[[int], str]) -> None:
        """Leaves the rows that are kept; refuses the others for `reason`.

        Args:
          is_kept: bool [N].
          problem: from the place of the first that is not to what is wrong with it.
        """
        if is_kept.all():
            return
        first = int(np.argmin(is_kept))
        count = int(len(is_kept) - is_kept.sum())
        line = int(self.line[first])
        self._refusals.add(reason, line=line, problem=problem(first), count=count)
        mask = pa.array(is_kept)
        for name, column in self.columns.items():
            is_numpy = isinstance(column, np.ndarray)
            self.columns[name] = column[is_kept] if is_numpy else column.filter(mask)
        self.line = self.line[is_kept]

    def keep_between(
        self, column: str, lowest: float, highest: float, *, reason: str = "range"
    ) -> None:
        """Leaves the rows whose number lies from `lowest` to `highest`, or is missing (NaN)."""
        values = self[column]
        is_kept = ~((values < lowest) | (values > highest))
        self.keep(
            is_kept,
            reason,
            problem=lambda i: (
                f"{column} {values[i]:g} is not in {lowest:g} to {highest:g}"
                if isinstance(values[i], np.floating)
                else f"{column} {values[i]} is not in {lowest} to {highest}"
            ),
        )

    def keep_whole(self, column: str, *, highest: float = 2.0**53) -> None:
        """Leaves the rows whose number is whole and at most `highest` in size, or missing."""
        values = self[column]
        is_kept = np.isnan(values) | ((values == np.rint(values)) & (np.abs(values) <= highest))
        self.keep(
            is_kept, "number", problem=lambda i: f"{column} {values[i]:g} is not a whole number"
        )

    def keep_known(self, column: str, ids: np.ndarray, *, file: str, reason: str) -> None:
        """Leaves the rows whose id is in `ids`, ascending, those of `file`."""
        values = self[column]
        is_kept = ids[np.minimum(np.searchsorted(ids, values), len(ids) - 1)] == values
        self.keep(is_kept, reason, problem=lambda i: f"{column} {values[i]} is not in {file}")
