"""Delimited text to rows or to arrays, refusing and counting what is malformed."""

import contextlib
import csv
import dataclasses
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from ranker.datasets.errors import DatasetError
from ranker.datasets.read.rejected_rows import RejectedRows

Array = Any  # of NumPy, or of Arrow where it is text

_BLOCK_BYTES = 1 << 24
_MAX_LINE_BYTES = 1 << 20  # what is longer is no row, and would be held whole
_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?"
# By kind: from text to value, the text that is one, and what it is called.
_KINDS = {
    "int64": (int, re.compile(r"-?[0-9]{1,18}"), "a whole number"),
    "float64": (float, re.compile(_NUMBER), "a number"),
    "optional": (lambda text: float(text or "nan"), re.compile(f"({_NUMBER})?"), "a number"),
    "text": (str, re.compile(r"(?s:.*)"), "text"),
}
_ARROW = {
    "int64": pa.int64(),
    "float64": pa.float64(),
    "optional": pa.float64(),
    "text": pa.string(),
}


@dataclasses.dataclass(frozen=True)
class Format:
    """How a file delimits its values.

    Attributes:
      columns: what we call its columns, in order.
      delimiter: "," (with quoting), "|", "::" or a tab.
      encoding: of its text.
      header: what its first line calls them, maybe as `name:type`; empty for none.
    """

    columns: tuple[str, ...]
    delimiter: str
    encoding: str = "utf-8"
    header: tuple[str, ...] = ()


class DelimitedFile:
    """A file to be gone through once, row by row as text or in blocks of columns.

    Blank lines are no rows. Every other line after the header is counted as read, and
    those with a wrong number of columns or bytes that do not decode as rejected.
    """

    def __init__(self, stream: BinaryIO, form: Format, *, rejected: RejectedRows) -> None:
        """Reads the header of `stream`, if the format has one.

        Raises:
          DatasetError: if it is not the header that the format has.
        """
        self._stream = stream
        self._form = form
        self._rejected = rejected
        self._line = 0
        if form.header:
            self._check_header(self._read_line())

    def text(self) -> Iterator[tuple[int, list[str]]]:
        """Yields (line number, values) of each well-formed row.

        Raises:
          DatasetError: for quotes that do not close, or a line that does not end.
        """
        lines = self._decoded()
        if self._form.delimiter == ",":
            rows = csv.reader(lines, strict=True)
        else:
            rows = (line.rstrip("\r\n").split(self._form.delimiter) for line in lines)
        num_columns = len(self._form.columns)
        try:
            for values in rows:
                self._rejected.num_read += 1
                if len(values) == num_columns:
                    yield self._line, values
                else:
                    self._refuse_columns(self._line, values)
        except csv.Error as error:
            location = f"{self._rejected.file}, line {self._line}"
            raise DatasetError(f"{location}: not a row of values: {error}") from error

    def columns(self, kinds: tuple[str, ...]) -> Iterator[tuple[np.ndarray, list[Array]]]:
        """Yields (line numbers int32 [N], one array [N] a column), block by block.

        A block that parses as a whole costs no Python per row; one that does not is
        gone through line by line, to reject what is malformed and say where.

        Args:
          kinds: by column: "int64"; "float64"; "optional", which is float64 with NaN where
            nothing stands; or "text", which comes as an Arrow array.

        Raises:
          DatasetError: for a line that does not end.
        """
        for block in self._blocks():
            num_lines = block.count(b"\n") + (not block.endswith(b"\n"))
            columns = self._parse_block(block, kinds)
            if columns is None or len(columns[0]) != num_lines:
                yield self._parse_lines(block, kinds)
            else:
                self._rejected.num_read += num_lines
                yield np.arange(self._line + 1, self._line + 1 + num_lines, dtype=np.int32), columns
            self._line += num_lines

    def _check_header(self, raw: bytes) -> None:
        self._line = 1
        text = raw.decode(self._form.encoding, "replace").removeprefix("\ufeff").strip()
        if not text:
            raise DatasetError(f"{self._rejected.file}: empty file: it holds no rows")
        names = [name.partition(":")[0] for name in text.split(self._form.delimiter)]
        if tuple(names) != self._form.header:
            missing = ", ".join(name for name in self._form.header if name not in names)
            raise DatasetError(
                f"{self._rejected.file}, line 1: the header is {text!r:.200}; "
                f"{f'it lacks {missing}; ' if missing else ''}"
                f"expected the columns {', '.join(self._form.header)}"
            )

    def _decoded(self) -> Iterator[str]:
        while raw := self._read_line():
            self._line += 1
            if raw.isspace():
                continue
            try:
                yield raw.decode(self._form.encoding)
            except UnicodeDecodeError as error:
                self._rejected.num_read += 1
                self._refuse_encoding(self._line, error)

    def _blocks(self) -> Iterator[bytes]:
        """Yields the bytes in blocks that end where a line ends."""
        rest = b""
        while block := self._stream.read(_BLOCK_BYTES):
            cut = block.rfind(b"\n") + 1
            if cut:
                yield rest + block[:cut]
                rest = block[cut:]
            else:
                rest += block
            if len(rest) > _MAX_LINE_BYTES:
                raise self._endless(rest)
        if rest:
            yield rest

    def _read_line(self) -> bytes:
        raw = self._stream.readline(_MAX_LINE_BYTES + 1)
        if len(raw) > _MAX_LINE_BYTES:
            raise self._endless(raw)
        return raw

    def _endless(self, raw: bytes) -> DatasetError:
        return DatasetError(
            f"{self._rejected.file}: a line of more than {_MAX_LINE_BYTES:,} bytes, which begins "
            f"{raw[:40]!r}: no file of this edition"
        )

    def _parse_block(self, block: bytes, kinds: tuple[str, ...]) -> list[Array] | None:
        """Returns the columns of a block, or None if any of its lines is out of order."""
        form, delimiter = self._form, self._form.delimiter
        if b"0x" in block or b"0X" in block:
            return None  # Arrow reads 0x10 as 16
        if len(delimiter) > 1:
            if b"\t" in block:
                return None
            block, delimiter = block.replace(delimiter.encode(), b"\t"), "\t"
        types = {name: _ARROW[kind] for name, kind in zip(form.columns, kinds, strict=True)}
        try:
            table = arrow_csv.read_csv(
                pa.py_buffer(block),
                read_options=arrow_csv.ReadOptions(column_names=form.columns),
                parse_options=arrow_csv.ParseOptions(delimiter=delimiter, ignore_empty_lines=False),
                convert_options=arrow_csv.ConvertOptions(column_types=types, null_values=[""]),
            )
        except pa.ArrowInvalid:
            return None
        columns = [_array(column, kind) for column, kind in zip(table.columns, kinds, strict=True)]
        return None if any(column is None for column in columns) else columns

    def _parse_lines(self, block: bytes, kinds: tuple[str, ...]) -> tuple[np.ndarray, list[Array]]:
        lines, rows = [], []
        for line, raw in enumerate(block.removesuffix(b"\n").split(b"\n"), start=self._line + 1):
            if not raw.strip():
                continue
            self._rejected.num_read += 1
            values = self._split(raw, line)
            row = self._convert(values, kinds, line=line) if values else None
            if row is not None:
                lines.append(line)
                rows.append(row)
        columns = zip(*rows, strict=True) if rows else [()] * len(kinds)
        arrays = [
            pa.array(column, pa.string())
            if kind == "text"
            else np.array(column, _ARROW[kind].to_pandas_dtype())
            for column, kind in zip(columns, kinds, strict=True)
        ]
        return np.array(lines, np.int32), arrays

    def _split(self, raw: bytes, line: int) -> list[str] | None:
        """Returns the values of one line, or None, rejected."""
        try:
            text = raw.decode(self._form.encoding)
        except UnicodeDecodeError as error:
            self._refuse_encoding(line, error)
            return None
        values = text.rstrip("\r").split(self._form.delimiter)
        if self._form.delimiter == ",":
            with contextlib.suppress(csv.Error):  # by its commas it has too many columns then
                values = next(csv.reader([text], strict=True))
        if len(values) == len(self._form.columns):
            return values
        self._refuse_columns(line, values)
        return None

    def _convert(self, values: list[str], kinds: tuple[str, ...], *, line: int) -> list | None:
        """Returns what the values of one line are, or None, rejected."""
        row = []
        for name, value, kind in zip(self._form.columns, values, kinds, strict=True):
            convert, pattern, what = _KINDS[kind]
            plain = value if kind == "text" else value.strip().strip('"')
            if not pattern.fullmatch(plain):
                problem = f"{name} {value!r:.80} is not {what}"
                self._rejected.add("number", line=line, problem=problem)
                return None
            row.append(convert(plain))
        return row

    def _refuse_columns(self, line: int, values: list[str]) -> None:
        expected = len(self._form.columns)
        problem = f"{len(values)} columns in place of {expected}: {values!r:.100}"
        self._rejected.add("columns", line=line, problem=problem)

    def _refuse_encoding(self, line: int, error: UnicodeDecodeError) -> None:
        value = bytes(error.object[error.start : error.start + 8]).rstrip(b"\r\n")
        problem = f"the bytes {value!r} are not {error.encoding}"
        self._rejected.add("encoding", line=line, problem=problem)


def _array(column: pa.ChunkedArray, kind: str) -> Array | None:
    """Returns a column that Arrow read, or None if a value in it is not of its kind."""
    if kind == "text":
        return column.combine_chunks()
    if kind == "optional":
        values = column.to_numpy()
        return values if np.isfinite(values).sum() == len(values) - column.null_count else None
    if column.null_count:
        return None
    values = column.to_numpy()
    return values if np.isfinite(values).all() else None
