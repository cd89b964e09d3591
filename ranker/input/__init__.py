"""Prepared Parquet to batches: vocabularies, order, position."""

from ranker.input.batch import Array, Batch
from ranker.input.encode import Encoder
from ranker.input.split import Split, raw_values, read_raw, read_split, read_vocabularies
from ranker.input.stream import Stream, prefetch

__all__ = [
    "Array",
    "Batch",
    "Encoder",
    "Split",
    "Stream",
    "prefetch",
    "raw_values",
    "read_raw",
    "read_split",
    "read_vocabularies",
]
