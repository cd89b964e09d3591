"""Features of several values a row: lists, and the words of a text."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ranker.datasets.columns import id_list
from ranker.datasets.errors import DatasetError
from ranker.datasets.table.batch import spelt_out
from ranker.datasets.table.judged import Judged
from ranker.datasets.table.maker import Maker, hashed
from ranker.datasets.table.types import as_ids, as_text
from ranker.schema import Feature
from ranker.spec import table_features as spec

_WORDS = r"[^\pL\pN]+"  # between words


class ListMaker(Maker):
    part: spec.List

    def features(self) -> tuple[Feature, ...]:
        """Returns what its columns are."""
        dtype = "int64" if self.part.hash_buckets else self.dtype
        return (id_list(self.name, self.part.max_length, dtype=dtype),)

    def made(self, rows: Judged, time: np.ndarray | None) -> Mapping[str, pa.Array]:
        """Returns its columns, [N] each; see `Maker.made`."""
        column = self._split(self.read(rows), rows)
        return {self.name: self._ids(column, rows)}

    def _split(self, column: pa.Array, rows: Judged) -> pa.Array:
        if not pa.types.is_list(column.type):
            return pc.split_pattern(as_text(column).fill_null(""), self.part.delimiter)
        while pa.types.is_list(column.type.value_type):
            if not self.part.flatten:
                raise DatasetError(
                    f"column {self.sources[0]!r:.80} has lists of lists; set "
                    f"features.{self.name}.flatten = true to read each as one list"
                )
            column = _flattened(column)
        return column

    def _ids(self, column: pa.Array, rows: Judged) -> pa.Array:
        values, row = column.flatten(), pc.list_parent_indices(column).to_numpy()
        values = pc.utf8_trim_whitespace(values) if pa.types.is_string(values.type) else values
        ids, bad = as_ids(values, self.dtype)
        if bad is not None:
            is_bad = np.zeros(len(column), bool)
            is_bad[row[bad]] = True
            self.reject(rows, is_bad, "no list of whole numbers")
        if ids.null_count:
            row = row[ids.is_valid().to_numpy(zero_copy_only=False)]
            ids = ids.drop_null()
        if buckets := getattr(self.part, "hash_buckets", 0):
            ids = hashed(ids, buckets)
        return _lists(spelt_out(ids), row, len(column), getattr(self.part, "max_length", 1))


class TextMaker(ListMaker):
    part: spec.Text  # type: ignore[assignment]

    def _split(self, column: pa.Array, rows: Judged) -> pa.Array:
        words = pc.utf8_lower(as_text(column).fill_null(""))
        return pc.split_pattern(pc.replace_substring_regex(words, _WORDS, " "), " ")


def _flattened(column: pa.Array) -> pa.Array:
    """Returns lists of lists as lists, nulls as empty ones, [N]."""
    outer = pc.list_parent_indices(column).to_numpy()
    inner = column.flatten()
    row = outer[pc.list_parent_indices(inner).to_numpy()]
    return _lists(inner.flatten(), row, len(column), None)


def _lists(values: pa.Array, row: np.ndarray, num_rows: int, longest: int | None) -> pa.Array:
    """Returns lists of values, given the row of each, ascending; the first `longest` of each."""
    lengths = np.bincount(row, minlength=num_rows)
    if longest is not None and lengths.max(initial=0) > longest:
        starts = np.cumsum(lengths) - lengths
        is_kept = np.arange(len(row)) - np.repeat(starts, lengths) < longest
        values = values.filter(pa.array(is_kept))
        lengths = np.minimum(lengths, longest)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values)
