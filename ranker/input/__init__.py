"""Prepared Parquet to batches: vocabularies, order, position."""

from ranker.input.batch import Array, Batch
from ranker.input.batch_file import from_parquet, to_parquet
from ranker.input.columns import raw_values
from ranker.input.digests import changed, check_prepared, digests
from ranker.input.encode import PADDING, Encoder
from ranker.input.memory import SHARE, free_bytes, row_bytes
from ranker.input.parquet import ParquetRows
from ranker.input.row_validator import BadRows
from ranker.input.rule import shown
from ranker.input.rules import feature_rule
from ranker.input.shard_stream import ShardStream
from ranker.input.shards import Shards, split_path
from ranker.input.split import (
    Split,
    check_split,
    read_raw,
    read_split,
    read_vocabularies,
)
from ranker.input.stored import StoredSplit
from ranker.input.stream import Batches, Stream, prefetch

__all__ = [
    "PADDING",
    "SHARE",
    "Array",
    "BadRows",
    "Batch",
    "Batches",
    "Encoder",
    "ParquetRows",
    "ShardStream",
    "Shards",
    "Split",
    "StoredSplit",
    "Stream",
    "changed",
    "check_prepared",
    "check_split",
    "digests",
    "feature_rule",
    "free_bytes",
    "from_parquet",
    "prefetch",
    "raw_values",
    "read_raw",
    "read_split",
    "read_vocabularies",
    "row_bytes",
    "shown",
    "split_path",
    "to_parquet",
]
