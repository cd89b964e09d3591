"""The tables of users and of videos, held as compactly as 32 million videos need."""

import re
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from ranker.datasets.archives import Files
from ranker.datasets.block import Block
from ranker.datasets.kuairand.formats import Side
from ranker.datasets.refusals import Refusals
from ranker.datasets.text import DelimitedFile, one_line
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
      code: the place of each row's value in `values`, [N]; None if they stand row by row.
    """

    feature: Feature
    values: pa.Array
    code: np.ndarray | None

    def take(self, places: np.ndarray) -> pa.Array:
        """Returns the values of the rows at `places`."""
        where = places if self.code is None else self.code[places]
        values = self.values.take(pa.array(where))
        return (
            values.cast(pa.int64())
            if self.feature.dtype == "int64" and not (self.feature.is_multivalued)
            else values
        )


class Entities(NamedTuple):
    """Users or videos: ids int64 [N], ascending, the place of each its number; and columns."""

    ids: np.ndarray
    columns: tuple[Column, ...]


def read_side(files: Files, file: str, side: Side, *, refusals: Refusals) -> Entities:
    """Returns the table in `file`.

    Raises:
      DatasetError: if it is missing, empty, has another header, or too many bad rows.
    """
    kinds = tuple(_KINDS[kind] for kind in side.columns.values())
    blocks = []
    with files.open(file) as stream:
        for line, columns in DelimitedFile(stream, side.form, refusals=refusals).columns(kinds):
            named = {
                name: column
                for name, column in zip(side.columns, columns, strict=True)
                if side.columns[name] != "unused"
            }
            blocks.append(_compact(_checked(Block(named, line, refusals=refusals), side), side))
    refusals.check()
    whole = Block(
        {name: _joined([block[name] for block in blocks]) for name in blocks[0].columns},
        np.concatenate([block.line for block in blocks]),
        refusals=refusals,
    )
    _refuse_repeated_ids(whole, side)
    refusals.check()
    order = np.argsort(whole[side.key], kind="stable")
    return Entities(
        whole[side.key][order],
        tuple(
            _column(name, kind, whole[name], order=order)
            for name, kind in side.columns.items()
            if kind not in ("key", "unused")
        ),
    )


def _checked(block: Block, side: Side) -> Block:
    """Refuses the rows with a value out of range."""
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


def _compact(block: Block, side: Side) -> Block:
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


def _joined(parts: list) -> np.ndarray | pa.Array:
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    return pa.chunked_array(parts).unify_dictionaries().combine_chunks()


def _refuse_repeated_ids(block: Block, side: Side) -> None:
    ids = block[side.key]
    is_first = np.zeros(len(ids), bool)
    is_first[np.unique(ids, return_index=True)[1]] = True
    block.keep(
        is_first,
        "duplicate",
        problem=lambda i: f"{side.key} {ids[i]} stands on an earlier line",
    )


def _column(name: str, kind: str, column: np.ndarray | pa.Array, *, order: np.ndarray) -> Column:
    if kind == "count":
        numeric = Feature(name=name, kind="numeric", dtype="float32", log1p=True, minimum=0.0)
        return Column(numeric, pa.array(column[order]), None)
    if kind == "code":
        return Column(_categorical(name, "int64"), pa.array(column[order]), None)
    code = column.indices.to_numpy()[order]
    texts = column.dictionary.to_pylist()
    if kind == "word":
        words = pa.array([one_line(text) for text in texts], pa.string())
        return Column(_categorical(name, "string"), words, code)
    lists = [[int(tag) for tag in text.split(",")] if text else [] for text in texts]
    longest = max(1, *map(len, lists))
    feature = _categorical(name, "int64", max_length=longest)
    return Column(feature, pa.array(lists, pa.list_(pa.int64())), code)


def _categorical(name: str, dtype: str, *, max_length: int = 0) -> Feature:
    """Returns a feature; a list if it has a `max_length`."""
    return Feature(
        name=name,
        kind="categorical",
        dtype=dtype,
        vocabulary=name,
        is_multivalued=max_length > 0,
        max_length=max(1, max_length),
    )
