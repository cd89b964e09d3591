"""How CSV and TSV are written: delimiter, header, encoding, as their first bytes show."""

import csv
import dataclasses
import io
import re

import pyarrow as pa

from ranker.datasets.errors import DatasetError
from ranker.datasets.table.files import SourceFile
from ranker.spec.table import SourceSpec

_BYTES = 1 << 20
_DELIMITERS = ",;\t|"
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_NUMBER = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*")
_ROWS = 50


def seen(file: SourceFile, source: SourceSpec) -> tuple[SourceSpec, list[str]]:
    """Returns `source` with what the first bytes of `file` show, and remarks on that.

    Raises:
      DatasetError: for a file that cannot be read.
    """
    if file.form not in ("csv", "tsv"):
        return source, []
    try:
        with pa.input_stream(str(file.path), compression="detect") as stream:
            head = stream.read(_BYTES)
    except (pa.ArrowException, OSError) as error:
        said = " ".join(str(error).split())
        raise DatasetError(f"{file.path}: not read as {file.form}: {said:.300}") from error
    if b"\0" in head[:4_000] and head[:2] not in _MARKS:
        raise DatasetError(f"{file.path}: not read as {file.form}: it has bytes of 0")
    encoding, remarks = _encoding(head)
    text = head.decode(encoding, errors="replace").removeprefix("\ufeff")
    delimiter = _delimiter(text, "\t" if file.form == "tsv" else ",")
    changed = {} if encoding == "utf-8" else {"encoding": encoding}
    if delimiter != ("\t" if file.form == "tsv" else ","):
        changed["delimiter"] = delimiter
    columns = _made_names(text, delimiter)
    if columns:
        remarks.append(
            "no header: the first line is a row as the others are, so columns are numbered"
        )
    return dataclasses.replace(source, **changed, columns=columns), remarks


def _encoding(head: bytes) -> tuple[str, list[str]]:
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding, []
    try:
        head[: max(len(head) - 4, 0) if len(head) == _BYTES else None].decode()
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data":
            return "cp1252", ["its text is not UTF-8: it is read as cp1252, of Windows"]
    return "utf-8", []


def _delimiter(text: str, usual: str) -> str:
    """Returns the letter that divides the first lines into as many fields each, the most."""
    found = {}
    for letter in usual + _DELIMITERS:
        widths = [len(row) for row in _rows(text, letter)]
        if widths and widths[0] > 1:
            found.setdefault(letter, sum(width == widths[0] for width in widths) / len(widths))
    even = [letter for letter, share in found.items() if share >= 0.9]
    return even[0] if even else usual


def _made_names(text: str, delimiter: str) -> tuple[str, ...]:
    """Returns names for the columns where the first line has none.

    It has none if it holds a number in every column that else holds numbers.
    """
    rows = _rows(text, delimiter)
    if not rows:
        return ()
    rest = [row for row in rows[1:] if len(row) == len(rows[0])]
    numeric = [
        bool(_NUMBER.fullmatch(first))
        for index, first in enumerate(rows[0])
        if all(_NUMBER.fullmatch(row[index]) for row in (rest or rows))
    ]
    if not numeric or not all(numeric):
        return ()
    return tuple(f"column_{index}" for index in range(1, len(rows[0]) + 1))


def _rows(text: str, delimiter: str) -> list[list[str]]:
    rows = []
    try:
        for row in csv.reader(io.StringIO(text), delimiter=delimiter):
            if row:
                rows.append(row)
            if len(rows) == _ROWS:
                break
    except csv.Error:  # a field that does not end within what was read
        pass
    return rows
