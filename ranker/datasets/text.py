"""Delimited text to rows, line by line or in blocks, refusing what is malformed."""

import csv
import dataclasses
import itertools
import re
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from ranker.datasets.errors import DatasetError
from ranker.datasets.refusals import Refusals

_BLOCK_BYTES = 1 << 24
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?")


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


def read_text(
    stream: BinaryIO, form: Format, refusals: Refusals
) -> Iterator[tuple[int, list[str]]]:
    """Yields (line number, values) of each well-formed row; refuses and counts the others.

    Raises:
      DatasetError: for a wrong header, or quotes that do not close.
    """
    lines = _Lines(stream, form, refusals)
    _check_header(lines, form, refusals.file)
    if form.delimiter == ",":
        rows = csv.reader(lines, strict=True)
    else:
        rows = (line.rstrip("\r\n").split(form.delimiter) for line in lines)
    while True:
        try:
            values = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise DatasetError(f"{refusals.file}, line {lines.number}: {error}") from error
        refusals.num_read += 1
        if len(values) == len(form.columns):
            yield lines.number, values
        else:
            _refuse_columns(refusals, lines.number, values, form)


class _Lines:
    """Decoded lines with the number of the last one; refuses those that do not decode."""

    def __init__(self, stream: BinaryIO, form: Format, refusals: Refusals) -> None:
        self.number = 0
        self._stream = stream
        self._encoding = form.encoding
        self._refusals = refusals

    def __iter__(self) -> Iterator[str]:
        for raw in self._stream:
            self.number += 1
            if not raw.strip():
                continue  # some copies end so: no row
            try:
                yield raw.decode(self._encoding)
            except UnicodeDecodeError as error:
                self._refusals.num_read += 1
                _refuse_encoding(self._refusals, self.number, error)


def read_numbers(
    stream: BinaryIO, form: Format, refusals: Refusals
) -> Iterator[tuple[np.ndarray, list[np.ndarray]]]:
    """Yields (line numbers [N], one array [N] a column) for each block of well-formed rows.

    The third column is float64, the others int64: a file of user, item, rating and
    time. A block that parses as a whole costs no Python per row; one that does not
    is gone through line by line, to refuse what is malformed and say where.

    Raises:
      DatasetError: for a wrong header.
    """
    first = 1
    if form.header:
        _check_header(itertools.islice(stream, 1), form, refusals.file)
        first = 2
    for block in _blocks(stream):
        num_lines = block.count(b"\n") + (not block.endswith(b"\n"))
        columns = _parse_block(block, form, num_lines)
        lines = np.arange(first, first + num_lines, dtype=np.int32)
        if columns is None:
            lines, columns = _parse_lines(block, form, first, refusals)
        else:
            refusals.num_read += num_lines
        first += num_lines
        yield lines, columns


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    """Yields the bytes in blocks that end at the end of a line."""
    rest = b""
    while block := stream.read(_BLOCK_BYTES):
        cut = block.rfind(b"\n") + 1
        if cut:
            yield rest + block[:cut]
            rest = block[cut:]
        else:
            rest += block
    if rest:
        yield rest


def _parse_block(block: bytes, form: Format, num_lines: int) -> list[np.ndarray] | None:
    """Returns the columns of a block, or None if any of its lines is out of order."""
    delimiter = form.delimiter
    if len(delimiter) > 1:
        if b"\t" in block:
            return None
        block = block.replace(delimiter.encode(), b"\t")
        delimiter = "\t"
    kinds = [pa.float64() if i == 2 else pa.int64() for i in range(len(form.columns))]
    try:
        table = arrow_csv.read_csv(
            pa.py_buffer(block),
            read_options=arrow_csv.ReadOptions(column_names=form.columns),
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter, ignore_empty_lines=False),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict(zip(form.columns, kinds, strict=True)), null_values=[]
            ),
        )
    except pa.ArrowInvalid:
        return None
    if table.num_rows != num_lines:
        return None
    return [column.to_numpy() for column in table.columns]


def _parse_lines(
    block: bytes, form: Format, first: int, refusals: Refusals
) -> tuple[np.ndarray, list[np.ndarray]]:
    lines, rows = [], []
    for number, raw in enumerate(block.removesuffix(b"\n").split(b"\n"), start=first):
        if not raw.strip():
            continue
        refusals.num_read += 1
        row = _parse_line(raw, form, number, refusals)
        if row is not None:
            lines.append(number)
            rows.append(row)
    columns = list(zip(*rows, strict=True)) or [()] * len(form.columns)
    kinds = [np.float64 if i == 2 else np.int64 for i in range(len(form.columns))]
    arrays = [np.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
    return np.array(lines, np.int32), arrays


def _parse_line(raw: bytes, form: Format, number: int, refusals: Refusals) -> list[float] | None:
    try:
        text = raw.decode(form.encoding)
    except UnicodeDecodeError as error:
        _refuse_encoding(refusals, number, error)
        return None
    values = [value.strip().strip('"') for value in text.split(form.delimiter)]
    if len(values) != len(form.columns):
        _refuse_columns(refusals, number, values, form)
        return None
    for i, value in enumerate(values):
        if not (_NUMBER if i == 2 else _INTEGER).fullmatch(value):
            problem = f"{form.columns[i]} {value!r} is not a number"
            refusals.add("number", line=number, problem=problem)
            return None
    return [float(value) if i == 2 else int(value) for i, value in enumerate(values)]


def _check_header(lines, form: Format, file: str) -> None:
    if not form.header:
        return
    line = next(iter(lines), "")
    text = line.decode(form.encoding, "replace") if isinstance(line, bytes) else line
    names = text.removeprefix("\ufeff").rstrip("\r\n").split(form.delimiter)
    found = tuple(name.partition(":")[0] for name in names)
    if not text:
        raise DatasetError(f"{file}: empty file: it holds no rows")
    if found != form.header:
        raise DatasetError(
            f"{file}, line 1: the header is {text.strip()!r}; "
            f"expected the columns {form.delimiter.join(form.header)!r}"
        )


def _refuse_columns(refusals: Refusals, line: int, values: list[str], form: Format) -> None:
    problem = f"{len(values)} columns in place of {len(form.columns)}: {values!r:.100}"
    refusals.add("columns", line=line, problem=problem)


def _refuse_encoding(refusals: Refusals, line: int, error: UnicodeDecodeError) -> None:
    value = bytes(error.object[error.start : error.start + 8])
    problem = f"the bytes {value!r} are not {error.encoding}"
    refusals.add("encoding", line=line, problem=problem)
