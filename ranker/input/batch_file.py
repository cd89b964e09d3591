"""One batch as a Parquet file: what was tried, to look at or to try again."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ranker.files import arrays_digest
from ranker.input.batch import Batch
from ranker.input.parquet import ParquetRows

_ITSELF = "sha256"


def to_parquet(batch: Batch, metadata: Mapping[str, str]) -> bytes:
    """Returns `batch` as a Parquet file, bit for bit: a column "<part>/<name>" for each array.

    Args:
      batch: NumPy arrays, [B] or [B, L].
      metadata: kept in the file's schema.
    """
    columns = {
        f"{part}/{name}": _column(np.asarray(values))
        for part, arrays in batch._asdict().items()
        for name, values in arrays.items()
    }
    itself = {_ITSELF: _digest(batch, metadata)}
    table = pa.table(columns).replace_schema_metadata({**metadata, **itself})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, write_page_checksum=True)
    return sink.getvalue().to_pybytes()


def from_parquet(path: Path) -> tuple[Batch, dict[str, str]]:
    """Returns the batch and the metadata of a file that `to_parquet` made.

    Raises:
      OSError: if there is no such file, or it may not be read.
      ValueError: naming the file, if it is damaged or holds no batch.
    """
    with ParquetRows(path) as file:
        names, metadata = file.schema.names, file.schema.metadata or {}
        parts = [part for _, part in file.batches(max(1, file.num_rows), columns=names)]
    table = pa.Table.from_batches(parts, file.schema)
    arrays: dict[str, dict[str, np.ndarray]] = {part: {} for part in Batch._fields}
    for name in names:
        part, _, column = name.partition("/")
        if part not in arrays or not column:
            raise ValueError(f"{path}: holds no batch: it has a column {name!r:.80}")
        arrays[part][column] = _array(table.column(name))
    said = {k.decode(errors="replace"): v.decode(errors="replace") for k, v in metadata.items()}
    batch, itself = Batch(**arrays), said.pop(_ITSELF, "")
    said.pop("ARROW:schema", None)
    if itself != _digest(batch, said):
        raise ValueError(f"{path}: damaged: not as it was written")
    return batch, said


def _digest(batch: Batch, metadata: Mapping[str, str]) -> str:
    """Returns the SHA-256 of every array and of what is said of them."""
    arrays = {
        f"{part}/{name}": np.asarray(values)
        for part, named in batch._asdict().items()
        for name, values in named.items()
    }
    return arrays_digest(arrays, about=json.dumps(dict(metadata), sort_keys=True))


def _column(values: np.ndarray) -> pa.Array:
    if values.ndim == 1:
        return pa.array(values)
    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])


def _array(column: pa.ChunkedArray) -> np.ndarray:
    whole = column.combine_chunks()
    if not pa.types.is_fixed_size_list(whole.type):
        return whole.to_numpy(zero_copy_only=False)
    return whole.flatten().to_numpy(zero_copy_only=False).reshape(-1, whole.type.list_size)
