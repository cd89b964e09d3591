"""The rows of a table whose vocabulary changed since another run: by value, not by place."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np


@dataclasses.dataclass(frozen=True, kw_only=True)
class Growth:
    """Which rows of a table have a row of before.

    Attributes:
      before, now: numbers of the rows that go on, there and here, int64 [R]: those of the values
        of both vocabularies, and of the unknown values.
      sizes: rows of the table before, and now.
      counts: of values: "kept", "new" and "left", those that are gone.
    """

    before: np.ndarray
    now: np.ndarray
    sizes: tuple[int, int]
    counts: Mapping[str, int]

    @classmethod
    def of(cls, before: Sequence[str], now: Sequence[str], *, num_unknown: int) -> "Growth":
        """Returns how a table grew.

        Args:
          before, now: values of the vocabularies in the order of their rows, each once.
          num_unknown: rows behind them, of unknown values.
        """
        there, here = _shared(before, now)
        unknown, num_kept = np.arange(num_unknown), len(here)
        counts = {"new": len(now) - num_kept, "left": len(before) - num_kept}
        return cls(
            before=np.concatenate([there, len(before) + unknown]),
            now=np.concatenate([here, len(now) + unknown]),
            sizes=(len(before) + num_unknown, len(now) + num_unknown),
            counts={"kept": num_kept, **counts},
        )

    def taken(self, before: np.ndarray, fresh: np.ndarray) -> np.ndarray:
        """Returns `fresh` [U, ...] with the rows that go on as `before` [V, ...] has them.

        Raises:
          ValueError: unless they are tables of these sizes, of rows of one shape and type.
        """
        found = (before.shape, fresh.shape)
        rows = (before.shape[1:], before.dtype) == (fresh.shape[1:], fresh.dtype)
        if not rows or tuple(shape[0] for shape in found) != self.sizes:
            raise ValueError(f"tables of {self.sizes} rows must be given, got shapes {found}")
        if fresh.shape == before.shape and np.array_equal(self.now, self.before):
            return before
        grown = fresh.copy()
        grown[self.now] = before[self.before]
        return grown


def _shared(before: Sequence[str], now: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Returns the rows there and here of the values that both have, int64 [R]."""
    if list(now[: len(before)]) == list(before):  # as where data were prepared to be gone on with
        rows = np.arange(len(before))
        return rows, rows
    row_of = {value: row for row, value in enumerate(before)}
    pairs = [(row_of[value], row) for row, value in enumerate(now) if value in row_of]
    there, here = np.asarray(pairs, np.int64).reshape(-1, 2).T
    return there, here
