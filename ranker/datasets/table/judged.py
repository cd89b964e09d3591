"""The rows of one batch while they are judged: what is bad is counted, and leaves at the end."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from ranker.datasets.table.batch import Batch, spelt_out

Ids = tuple[pa.Array, np.ndarray | None]


class Account(Protocol):
    """What counts the rows that are rejected, as `RejectedRows` does."""

    def add(
        self, reason: str, *, line: int, problem: str, count: int = 1, location: str = ""
    ) -> None: ...


class Judged:
    """A batch, and which of its rows are kept.

    Attributes:
      columns: those of the source, [N].
      num_rows: N.
      is_kept: bool [N].
    """

    def __init__(self, batch: Batch, rejected: Account) -> None:
        """Rejects the rows with a value that is not of its column's type."""
        self.columns, self.num_rows = batch.columns, batch.num_rows
        self.is_kept = np.ones(batch.num_rows, bool)
        self._batch, self._rejected = batch, rejected
        self._ids: dict[tuple[str, str], Ids] = {}
        for name, (is_bad, what) in batch.bad.items():
            self.reject("type", is_bad, f"column {name!r:.80}: {what}")

    def ids(self, as_ids: Callable[[pa.Array, str], Ids], column: str, dtype: str) -> Ids:
        """Returns what `types.as_ids` does of a column, [N], once for all who read it."""
        if (column, dtype) not in self._ids:
            self._ids[column, dtype] = as_ids(self.columns[column], dtype)
        return self._ids[column, dtype]

    def leave_out(self, is_left: np.ndarray) -> None:
        """Leaves the rows, bool [N], that the spec does not ask for; they are not bad."""
        self.is_kept &= ~is_left

    def reject(
        self, reason: str, is_bad: np.ndarray | None, problem: str, values: Any = None
    ) -> None:
        """Counts and leaves the rows that are bad, bool [N]; None for none.

        Args:
          problem: what is wrong; `{}` in it is the first such value.
          values: an Arrow array, [N].
        """
        if is_bad is None:
            return
        is_bad = is_bad & self.is_kept
        count = int(is_bad.sum())
        if not count:
            return
        first = int(is_bad.argmax())
        if values is not None:
            problem = problem.replace("{}", f"{values[first].as_py()!r:.80}")
        batch = self._batch
        location = f"{batch.location}{batch.start + first}"
        self._rejected.add(reason, line=0, problem=problem, count=count, location=location)
        self.is_kept &= ~is_bad

    def kept(self, columns: Mapping[str, pa.Array]) -> pa.Table:
        """Returns columns, [N] each, without the rows that left; no dictionary has their words."""
        if self.is_kept.all():
            return pa.table(dict(columns))
        table = pa.table({name: spelt_out(column) for name, column in columns.items()})
        return table.filter(pa.array(self.is_kept))
