"""Rows with the features that were made of them, batch by batch, as the served model takes them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa

from ranker.schema import Schema
from ranker.serve.rows import BATCH_ROWS, checked
from ranker.wording import listed


class Made(Protocol):
    """Rows with their features.

    Attributes:
      kept: the Arrow schema of the columns that are passed on.
      num_rows: how many there are.
    """

    kept: pa.Schema
    num_rows: int

    def tables(self) -> Iterator[tuple[pa.Table, pa.Table]]:
        """Yields columns that are passed on and features, [M] each."""
        ...


class MadeRows:
    """What `Rows` is of a file, of features that were made of its rows."""

    def __init__(self, path: Path, schema: Schema, made: Made) -> None:
        """Takes the features of the rows of `path`."""
        self._path, self._schema, self._made = path, schema, made
        self.kept, self.num_rows = made.kept, made.num_rows

    def batches(self) -> Iterator[tuple[pa.RecordBatch, dict[str, np.ndarray]]]:
        """Yields columns to pass on and raw features, [B] or [B, L], at most 16,384 rows at a time.

        Raises:
          ValueError: for what the model cannot take.
        """
        done, names = 0, [feature.name for feature in self._schema.features]
        for kept, features in self._made.tables():
            if missing := [name for name in names if name not in features.column_names]:
                raise ValueError(f"{self._path}: no {listed(missing)} is made of its rows")
            for start in range(0, len(features), BATCH_ROWS):
                rows = features[start : start + BATCH_ROWS]
                raw = {
                    f.name: checked(
                        rows[f.name].combine_chunks(), f, path=self._path, first=done + start
                    )
                    for f in self._schema.features
                }
                passed = [c.combine_chunks() for c in kept[start : start + BATCH_ROWS].columns]
                arrays = pa.record_batch(passed, self.kept) if passed else _none(len(rows))
                yield arrays, raw
            done += len(features)


def _none(num_rows: int) -> pa.RecordBatch:
    """Returns rows of no column, [B]."""
    return pa.record_batch([pa.nulls(num_rows)], ["x"]).select([])
