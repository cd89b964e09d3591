"""Prepared Parquet to batches: vocabularies, order, position."""

from ranker.input.batch import Array, Batch
from ranker.input.encode import PADDING, Encoder
from ranker.input.split import (
    Split,
    count_rows,
    raw_values,
    read_raw,
    read_split,
    read_vocabularies,
)
from ranker.input.stream import Stream, prefetch

__all__ = [
    "PADDING",
    "Array",
    "Batch",
    "Encoder",
    "Split",
    "Stream",
    "count_rows",
    "prefetch",
    "raw_values",
    "read_raw",
    "read_split",
    "read_vocabularies",
]
