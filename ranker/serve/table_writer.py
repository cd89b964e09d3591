"""Columns to a file as they come: CSV if its name says so, else Parquet."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from ranker.serve.rows import LIST_SEPARATOR

_NEEDS_QUOTES = re.compile(r'[",\r\n]')


class TableWriter(Protocol):
    """Takes the rows of a file, some at a time."""

    def write_batch(self, batch: pa.RecordBatch) -> None:
        """Writes the next rows."""


@contextmanager
def open_table(path: Path, columns: pa.Schema, *, as_csv: bool) -> Iterator[TableWriter]:
    """Opens a new file at `path` for rows of `columns`; it is whole when the block ends.

    In CSV a null is an empty cell, and the values of a list have "|" between.

    Raises:
      ValueError: naming the column whose type CSV has no form for; nothing is written. While
        rows are written, for a text with "|" in a list, which would be taken for two.
      OSError: if the file cannot be written.
    """
    if not as_csv:
        with pq.ParquetWriter(path, columns) as writer:
            yield writer
        return
    for column in columns:
        _check_has_text(column)
    # What was read as bytes, or as names that are no UTF-8, is written as it was.
    with path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        file.write(_line(columns.names))
        yield _CsvWriter(file)


class _CsvWriter:
    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write_batch(self, batch: pa.RecordBatch) -> None:
        columns = [_column(*named) for named in zip(batch.schema.names, batch, strict=True)]
        self._file.writelines(map(_line, zip(*columns, strict=True)))


def _column(name: str, column: pa.Array) -> list[str]:
    """Returns each value as CSV has it; ValueError for what could not be told apart there."""
    if _is_list(column.type):
        inner = _texts(column.flatten())
        if bad := [text for text in inner if LIST_SEPARATOR in text]:
            raise ValueError(
                f"column {name}: {bad[0]!r:.80} in a list has a {LIST_SEPARATOR!r}, which in CSV "
                "separates its values: leave the column out of what is kept, or write Parquet"
            )
    return _texts(column)


def _check_has_text(column: pa.Field) -> None:
    try:
        if _is_list(column.type) and _is_list(column.type.value_type):
            raise TypeError(f"lists within lists: {column.type}")
        _texts(pa.array([], column.type))
    except (pa.ArrowException, TypeError) as error:
        raise ValueError(
            f"column {column.name}: {column.type} has no form in CSV: leave it out of what is "
            "kept, or write Parquet"
        ) from error


def _texts(column: pa.Array) -> list[str]:
    """Returns each value as CSV has it."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if _is_list(column.type):
        texts = iter(_texts(column.flatten()))
        lengths = column.value_lengths().fill_null(0).to_pylist()
        return [LIST_SEPARATOR.join([next(texts) for _ in range(n)]) for n in lengths]
    is_bytes = pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type)
    column = column if is_bytes else column.cast(pa.string()).cast(pa.binary())
    return [(v or b"").decode("utf-8", "surrogateescape") for v in column.to_pylist()]


def _is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind)


def _line(cells: tuple[str, ...] | list[str]) -> str:
    return ",".join(map(_cell, cells)) + "\n"


def _cell(text: str) -> str:
    if not _NEEDS_QUOTES.search(text):
        return text
    return '"' + text.replace('"', '""') + '"'
