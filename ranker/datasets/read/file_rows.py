"""Rows of one file as columns, from which what is wrong is rejected."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import pyarrow as pa

from ranker.datasets.order import Numbering
from ranker.datasets.read.rejected_rows import RejectedRows

Array = Any  # of NumPy, or of Arrow where it is text


class FileRows:
    """Some rows of a file; those that are rejected leave it.

    Attributes:
      columns: by name, an array [N]: of NumPy, or of Arrow where it is text.
      line: where each row stands in the file, int32 [N].
      rejected: the account of the file's rejected rows.
    """

    def __init__(
        self, columns: Mapping[str, Array], line: np.ndarray, *, rejected: RejectedRows
    ) -> None:
        """Takes the rows as they were read."""
        self.columns = dict(columns)
        self.line = line
        self.rejected = rejected

    @classmethod
    def joined(cls, blocks: Iterable[Self]) -> Self:
        """Returns the rows of all blocks of a file, at least one; each column is held twice."""
        parts = list(blocks)
        rejected, line = parts[0].rejected, np.concatenate([block.line for block in parts])
        columns = [block.columns for block in parts]
        del parts  # so that a column goes once it is joined
        names = list(columns[0])
        joined = {name: _concatenated([of.pop(name) for of in columns]) for name in names}
        return cls(joined, line, rejected=rejected)

    def __len__(self) -> int:
        return len(self.line)

    def __getitem__(self, column: str) -> Array:
        return self.columns[column]

    def keep(self, is_kept: np.ndarray, reason: str, *, problem: Callable[[int], str]) -> None:
        """Leaves the rows that are kept; rejects the others for `reason`.

        Args:
          is_kept: bool [N].
          problem: from the index of the first that is not to what is wrong with it.
        """
        if is_kept.all():
            return
        first = int(np.argmin(is_kept))
        count = int(len(is_kept) - is_kept.sum())
        line = int(self.line[first])
        self.rejected.add(reason, line=line, problem=problem(first), count=count)
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
        """Leaves the rows whose id is in `ids`, [U], ascending, those of `file`."""
        values = self[column]
        is_kept = Numbering(ids).numbers(values) >= 0
        self.keep(is_kept, reason, problem=lambda i: f"{column} {values[i]} is not in {file}")

    def keep_words(self, column: str, allowed: Sequence[str], *, reason: str) -> None:
        """Leaves the rows whose text is one of those allowed."""
        values = self[column]
        is_kept = np.isin(values.to_numpy(zero_copy_only=False), allowed)
        self.keep(
            is_kept,
            reason,
            problem=lambda i: f"{column} {values[i].as_py()!r:.80} is none of {', '.join(allowed)}",
        )

    def keep_first(self, column: str, *, called: str | None = None) -> None:
        """Leaves, of the rows with one and the same id or key, the first.

        Args:
          called: what a message says before the value; the column's name if None.
        """
        values = self[column]
        is_numpy = isinstance(values, np.ndarray)
        codes = values if is_numpy else values.dictionary_encode().indices.to_numpy()
        is_first = np.zeros(len(values), bool)
        is_first[np.unique(codes, return_index=True)[1]] = True
        before = f"{column} " if called is None else called
        self.keep(
            is_first,
            "duplicate",
            problem=lambda i: (
                before
                + (str(values[i]) if is_numpy else f"{values[i].as_py()!r:.80}")
                + " stands on an earlier line"
            ),
        )


def _concatenated(parts: list[Array]) -> Array:
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    return pa.chunked_array(parts).unify_dictionaries().combine_chunks()
