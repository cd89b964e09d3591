"""Prepared Parquet to batches: vocabularies, order, position."""

from ranker.input.batch import Array, Batch
from ranker.input.batch_file import from_parquet, to_parquet
from ranker.input.door import BadRows
from ranker.input.encode import PADDING, Encoder
from ranker.input.parquet import ParquetRows
from ranker.input.rules import feature_rule, shown
from ranker.input.split import (
    Split,
    check_split,
    raw_values,
    read_raw,
    read_split,
    read_vocabularies,
)
from ranker.input.stream import Stream, prefetch

__all__ = [
    "PADDING",
    "Array",
    "BadRows",
    "Batch",
    "Encoder",
    "ParquetRows",
    "Split",
    "Stream",
    "check_split",
    "feature_rule",
    "from_parquet",
    "prefetch",
    "raw_values",
    "read_raw",
    "read_split",
    "read_vocabularies",
    "shown",
    "to_parquet",
]
