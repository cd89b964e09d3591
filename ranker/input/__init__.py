"""Prepared Parquet to batches: vocabularies, order, position."""

from ranker.input.batch import Batch
from ranker.input.batch_file import from_parquet
from ranker.input.columns import raw_values
from ranker.input.digests import changed, check_prepared, digests
from ranker.input.encode import Encoder
from ranker.input.memory import free_bytes, row_bytes
from ranker.input.shard_stream import ShardStream
from ranker.input.shards import split_path
from ranker.input.split import (
    Split,
    check_split,
    read_raw,
    read_split,
    read_vocabularies,
)
from ranker.input.stored import StoredSplit
from ranker.input.stream import Stream, prefetch

__all__ = [
    "Batch",
    "Encoder",
    "ShardStream",
    "Split",
    "StoredSplit",
    "Stream",
    "changed",
    "check_prepared",
    "check_split",
    "digests",
    "free_bytes",
    "from_parquet",
    "prefetch",
    "raw_values",
    "read_raw",
    "read_split",
    "read_vocabularies",
    "row_bytes",
    "split_path",
]
