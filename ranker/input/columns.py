"""Columns that are valid, as arrays: raw, as the encoder takes them, or encoded."""

import numpy as np
import pyarrow as pa

from ranker.input.encode import PADDING, Encoder
from ranker.schema import Feature


def raw_values(column: pa.ChunkedArray, feature: Feature) -> np.ndarray:
    """Returns a column as the array that the encoder takes: lists padded to [N, L]."""
    if not feature.is_multivalued:
        values = column.to_numpy()
        return values.astype(object) if feature.dtype == "string" else values
    lists = column.combine_chunks()
    values = lists.values.to_numpy(zero_copy_only=False)
    dtype = object if feature.dtype == "string" else np.int64
    return _padded(lists, values.astype(dtype, copy=False), PADDING[feature.dtype], feature)


def encoded_values(column: pa.ChunkedArray, feature: Feature, encoder: Encoder) -> np.ndarray:
    """Returns what the encoder makes of `raw_values`, [N] or [N, L], each distinct value once."""
    if feature.kind == "numeric":
        return column.to_numpy().astype(np.float32, copy=False)
    whole = column.combine_chunks()
    values = (whole.values if feature.is_multivalued else whole).dictionary_encode()
    distinct = values.dictionary.to_numpy(zero_copy_only=False)
    if not len(distinct):
        rows = np.zeros(0, np.int32)
    else:
        rows = encoder.rows(feature, distinct)[values.indices.fill_null(0).to_numpy()]
    return _padded(whole, rows, -1, feature) if feature.is_multivalued else rows


def _padded(
    lists: pa.ListArray, values: np.ndarray, padding: object, feature: Feature
) -> np.ndarray:
    """Returns lists as [N, L]: the first L of their `values`, and `padding`."""
    lengths = np.minimum(lists.value_lengths().fill_null(0).to_numpy(), feature.max_length)
    starts, stop = lists.offsets.to_numpy()[:-1], lists.offsets[-1].as_py()
    padded = np.full((len(lists), feature.max_length), padding, values.dtype)
    # Row by row, which is the order in which a mask takes values.
    index = np.arange(feature.max_length, dtype=starts.dtype)
    is_there = index < lengths[:, None]
    if len(lists) and stop - starts[0] == lengths.sum():  # all of them are taken
        padded[is_there] = values[starts[0] : stop]
    else:
        padded[is_there] = values[(starts[:, None] + index)[is_there]]
    return padded
