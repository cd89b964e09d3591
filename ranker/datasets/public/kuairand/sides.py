"""The tables of users and of videos, held as compactly as 32 million videos need."""

import re
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from ranker.datasets.columns import categorical, id_list, numeric
from ranker.datasets.examples import Inputs
from ranker.datasets.public.kuairand.formats import Side
from ranker.datasets.read.file_rows import FileRows
from ranker.datasets.read.words import one_line
from ranker.schema import Feature

MAX_ID = 2**31 - 1
_MISSING = -1
_LARGEST = float(np.finfo(np.float32).max)
_KINDS = {
    "key": "int64", "word": "text", "code": "optional", "count": "float64", "tags": "text",
    "unused": "text",
}  # fmt: skip
_TAGS = re.compile(r"([0-9]{1,9}(,[0-9]{1,9})*)?", re.ASCII)


class Column(NamedTuple):
    """One column of a table.

    Attributes:
      feature: what it is.
      values: an Arrow array of the values, or of the distinct ones.
      code: the index of each row's value in `values`, [N]; None if they stand row by row.
    """

    feature: Feature
    values: pa.Array
    code: np.ndarray | None

    def take(self, indices: np.ndarray) -> pa.Array:
        """Returns the values, [P], of the rows at `indices`, int [P]."""
        where = indices if self.code is None else self.code[indices]
        values = self.values.take(pa.array(where))
        return (
            values.cast(pa.int64())
            if self.feature.dtype == "int64" and not (self.feature.is_multivalued)
            else values
        )


class Entities(NamedTuple):
    """Users or videos: ids int64 [N], ascending, the index of each its number; and columns."""

    ids: np.ndarray
    columns: tuple[Column, ...]


def read_side(inputs: Inputs, file: str, side: Side) -> Entities:
    """Returns the table in `file`.

    Raises:
      DatasetError: if it is missing, empty, has another header, or too many rejected rows.
    """
    kinds = tuple(_KINDS[kind] for kind in side.columns.values())
    blocks = inputs.rows(file, side.form, kinds)
    whole = FileRows.joined(_compact(_checked(block, side), side) for block in blocks)
    whole.keep_first(side.key)
    whole.rejected.check()
    order = np.argsort(whole[side.key], kind="stable")
    return Entities(
        whole[side.key][order],
        tuple(
            _column(name, kind, whole[name], order=order)
            for name, kind in side.columns.items()
            if kind not in ("key", "unused")
        ),
    )


def _checked(block: FileRows, side: Side) -> FileRows:
    """Rejects the rows with a value out of range."""
    for name, kind in side.columns.items():
        if kind == "key":
            block.keep_between(name, 0, MAX_ID, reason="id")
        elif kind == "count":
            block.keep_between(name, 0.0, _LARGEST)
        elif kind == "code":
            block.keep_whole(name)
        elif kind == "tags":
            coded = block[name].dictionary_encode()
            is_good = [bool(_TAGS.fullmatch(text)) for text in coded.dictionary.to_pylist()]
            texts = block[name]
            block.keep(
                np.array(is_good, bool)[coded.indices.to_numpy()],
                "number",
                problem=lambda i, name=name, texts=texts: (
                    f"{name} {texts[i].as_py()!r:.80} is not whole numbers with commas between"
                ),
            )
    return block


def _compact(block: FileRows, side: Side) -> FileRows:
    """Makes the columns as small as they can be held."""
    for name, kind in side.columns.items():
        if kind == "code":
            block.columns[name] = _narrow(np.nan_to_num(block[name], nan=_MISSING))
        elif kind == "count":
            block.columns[name] = block[name].astype(np.float32)
        elif kind in ("word", "tags"):
            block.columns[name] = block[name].dictionary_encode()
    return block


def _narrow(values: np.ndarray) -> np.ndarray:
    """Returns whole numbers as integers of as few bytes as they need."""
    low, high = values.min(initial=0), values.max(initial=0)
    for kind in (np.int8, np.int16, np.int32):
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return values.astype(kind)
    return values.astype(np.int64)


def _column(name: str, kind: str, column: np.ndarray | pa.Array, *, order: np.ndarray) -> Column:
    if kind == "count":
        return Column(numeric(name, 0.0, log1p=True), pa.array(column[order]), None)
    if kind == "code":
        return Column(categorical(name), pa.array(column[order]), None)
    code = column.indices.to_numpy()[order]
    texts = column.dictionary.to_pylist()
    if kind == "word":
        words = pa.array([one_line(text) for text in texts], pa.string())
        return Column(categorical(name, "string"), words, code)
    lists = [[int(tag) for tag in text.split(",")] if text else [] for text in texts]
    longest = max(1, *map(len, lists))
    return Column(id_list(name, longest), pa.array(lists, pa.list_(pa.int64())), code)
