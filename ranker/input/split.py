"""A prepared split in memory: Parquet to encoded arrays."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ranker.input.batch import Batch
from ranker.input.encode import Encoder
from ranker.schema import Feature, Schema

_ENCODE_ROWS = 65_536  # at a time: bounds the memory of the raw values


@dataclasses.dataclass(frozen=True)
class Split:
    """The rows of one Parquet file, encoded.

    Attributes:
      rows: the whole split as one `Batch` of NumPy arrays.
      users: raw user ids, for metrics by user. [N]
      is_warm: whether the user is in the training vocabulary. [N]
      times: Unix seconds, int64. [N]
    """

    rows: Batch
    users: np.ndarray
    is_warm: np.ndarray
    times: np.ndarray

    def __len__(self) -> int:
        return len(self.users)

    def take(self, positions: np.ndarray) -> Batch:
        """Returns the rows at `positions`, any shape of them, as a stack of batches."""

        def rows(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
            return {name: array[positions] for name, array in arrays.items()}

        return Batch(*(rows(arrays) for arrays in self.rows))


def read_vocabularies(directory: Path, schema: Schema) -> dict[str, list[str]]:
    """Returns the values of each vocabulary of `schema`, in the order of their rows.

    Raises:
      FileNotFoundError: naming the file that is missing.
    """
    vocabularies = {}
    for name in schema.vocabularies:
        text = (directory / "vocabularies" / f"{name}.txt").read_text("utf-8")
        # Not splitlines, which also cuts at the line separators of Unicode.
        vocabularies[name] = text.removesuffix("\n").split("\n") if text else []
    return vocabularies


def read_split(
    path: Path, schema: Schema, encoder: Encoder, *, known_users: Sequence[str]
) -> Split:
    """Returns the rows of the Parquet file at `path`, encoded.

    Args:
      known_users: the user vocabulary: who is warm.

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: naming the file and the columns, if it is no Parquet or lacks a column.
    """
    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path}: not a readable Parquet file: {error}") from error
    columns = [c.name for c in (*schema.features, *schema.tasks)] + [schema.time]
    columns += [schema.weight] if schema.weight else []
    missing = sorted(set(columns) - set(file.schema_arrow.names))
    if missing:
        raise ValueError(f"{path}: no column {', '.join(missing)}")
    known = np.array(known_users, schema.feature(schema.user).dtype.replace("string", "object"))
    with file:
        parts = [
            _encode_table(pa.Table.from_batches([batch]), schema, encoder, known)
            for batch in file.iter_batches(_ENCODE_ROWS, columns=columns)
        ]
    if not parts:
        raise ValueError(f"{path}: no rows")
    return _join(parts)


def _encode_table(table: pa.Table, schema: Schema, encoder: Encoder, known: np.ndarray) -> Split:
    raw = {f.name: raw_values(table.column(f.name), f) for f in schema.features}
    encoded = {name: value.numpy() for name, value in encoder(raw).items()}
    sample_weight = (
        table.column(schema.weight).to_numpy().astype(np.float32)
        if schema.weight
        else np.ones(len(table), np.float32)
    )
    bad = sample_weight[~(np.isfinite(sample_weight) & (sample_weight >= 0))]
    if len(bad):
        raise ValueError(f"column {schema.weight!r}: a weight must be >= 0, got {bad[0]}")
    labels, weights = {}, {}
    for task in schema.tasks:
        column = table.column(task.name)
        is_missing = column.is_null().to_numpy()
        labels[task.name] = column.fill_null(0.0).to_numpy().astype(np.float32)
        weights[task.name] = np.where(is_missing, np.float32(0), sample_weight)
    return Split(
        Batch(encoded, labels, weights),
        users=raw[schema.user],
        is_warm=np.isin(raw[schema.user], known),
        times=table.column(schema.time).to_numpy(),
    )


def count_rows(path: Path) -> int:
    """Returns the number of rows of the Parquet file at `path`.

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: naming the file, if it is no Parquet or has no rows.
    """
    try:
        num_rows = pq.read_metadata(path).num_rows
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path}: not a readable Parquet file: {error}") from error
    if not num_rows:
        raise ValueError(f"{path}: no rows")
    return num_rows


def read_raw(path: Path, schema: Schema, *, num_rows: int) -> dict[str, np.ndarray]:
    """Returns the first rows of a Parquet file, by feature, as the encoder takes them."""
    with pq.ParquetFile(path) as file:
        columns = [feature.name for feature in schema.features]
        first = next(file.iter_batches(num_rows, columns=columns))
    return {
        f.name: raw_values(pa.chunked_array([first.column(f.name)]), f) for f in schema.features
    }


def raw_values(column: pa.ChunkedArray, feature: Feature) -> np.ndarray:
    """Returns a column as the array that the encoder takes: lists padded to [N, L]."""
    if not feature.is_multivalued:
        values = column.to_numpy()
        return values.astype(object) if feature.dtype == "string" else values
    lists = column.combine_chunks()
    lengths = np.minimum(lists.value_lengths().fill_null(0).to_numpy(), feature.max_length)
    starts = lists.offsets.to_numpy()[:-1]
    is_text = feature.dtype == "string"
    padding = "" if is_text else -1
    padded = np.full((len(lists), feature.max_length), padding, object if is_text else np.int64)
    row = np.repeat(np.arange(len(lists)), lengths)
    place = np.arange(lengths.sum()) - np.repeat(lengths.cumsum() - lengths, lengths)
    padded[row, place] = lists.values.to_numpy(zero_copy_only=False)[starts[row] + place]
    return padded


def _join(parts: list[Split]) -> Split:
    def join(arrays: list[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        return {name: np.concatenate([a[name] for a in arrays]) for name in arrays[0]}

    return Split(
        Batch(*(join(list(arrays)) for arrays in zip(*(p.rows for p in parts), strict=True))),
        users=np.concatenate([p.users for p in parts]),
        is_warm=np.concatenate([p.is_warm for p in parts]),
        times=np.concatenate([p.times for p in parts]),
    )
