"""Rows of a Parquet or CSV file, batch by batch, as the served model takes them."""

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ranker.input.columns import raw_values
from ranker.input.parquet import ParquetRows
from ranker.input.rule import shown
from ranker.input.rules import feature_rule
from ranker.schema import Feature, Schema
from ranker.serve.csv_rows import CsvRows
from ranker.wording import listed

LIST_SEPARATOR = "|"  # between the values of a list in a CSV cell

BATCH_ROWS = 16_384
_TYPES = {"int64": pa.int64(), "string": pa.string(), "float32": pa.float32()}


def is_csv(path: Path) -> bool:
    """Whether a file of this name is CSV; all others are Parquet."""
    return path.suffix.lower() == ".csv"


class Rows:
    """An open file of rows.

    Attributes:
      kept: the Arrow schema of the columns that are passed on. Those of a CSV file are
        text as it stands there: it has no types, and "000001" is no number 1.
      num_rows: how many there are, or None for CSV: only the end says it.
    """

    def __init__(self, path: Path, schema: Schema, *, keep: Sequence[str]) -> None:
        """Opens `path`: CSV if its name ends in ".csv", else Parquet.

        Raises:
          ValueError: naming the file, and the columns if some are missing or there twice.
          OSError: if it cannot be opened.
        """
        self._path = path
        self._features = schema.features
        self._is_csv = is_csv(path)
        self._csv: CsvRows | None = None
        keep = list(dict.fromkeys(keep))
        if path.exists() and not path.is_file():
            raise ValueError(f"{path}: not a file")
        try:
            if self._is_csv:
                self._open_csv(keep)
            else:
                self._open_parquet(keep)
        except pa.ArrowException as error:
            raise self._error(error) from error

    def batches(self) -> Iterator[tuple[pa.RecordBatch, dict[str, np.ndarray]]]:
        """Yields columns to pass on and raw features, [B] or [B, L], at most 16,384 rows at a time.

        Raises:
          ValueError: naming the file and the column, for what the model cannot take.
        """
        done = 0
        try:
            for batch in self._source:
                for start in range(0, len(batch), BATCH_ROWS):
                    rows = batch.slice(start, BATCH_ROWS)
                    yield rows.select(self.kept.names), self._raw(rows, first=done)
                    done += len(rows)
        except pa.ArrowException as error:
            said = self._csv.problem([f.name for f in self._features]) if self._csv else ""
            raise ValueError(f"{self._path}: {said or _line(error)}") from error

    def _open_parquet(self, keep: Sequence[str]) -> None:
        file = ParquetRows(self._path)
        columns = self._columns(file.schema.names, keep)
        self.num_rows: int | None = file.num_rows
        self.kept = pa.schema([file.schema.field(name) for name in keep])
        batches = file.batches(BATCH_ROWS, columns=columns)
        self._source: Iterator[pa.RecordBatch] = (batch for _, batch in batches)

    def _open_csv(self, keep: Sequence[str]) -> None:
        file = self._csv = CsvRows(self._path)
        columns = self._columns(file.names, keep)
        read = [f.name for f in self._features]
        kind = file.kind() if set(keep) - set(read) else pa.string()
        self.num_rows = None
        self.kept = pa.schema([(n, pa.string() if n in read else kind) for n in keep])
        self._source = file.batches(columns, kind=kind, texts=read)

    def _columns(self, present: list[str], keep: Sequence[str]) -> list[str]:
        wanted = list(dict.fromkeys([*(f.name for f in self._features), *keep]))
        missing = [name for name in wanted if name not in present]
        if missing:
            raise ValueError(
                f"{self._path}: no column {', '.join(missing)}; it has: {listed(present)}"
                f"{_nearest(missing, present)}"
            )
        twice = [name for name in wanted if present.count(name) > 1]
        if twice:
            raise ValueError(f"{self._path}: more than one column {listed(twice)}")
        return wanted

    def _raw(self, rows: pa.RecordBatch, *, first: int) -> dict[str, np.ndarray]:
        return {f.name: self._values(rows.column(f.name), f, first=first) for f in self._features}

    def _values(self, column: pa.Array, feature: Feature, *, first: int) -> np.ndarray:
        if self._is_csv:  # in which an empty cell is how a null is written
            column = pc.if_else(pc.equal(column, ""), None, column)
        return checked(column, feature, path=self._path, first=first)

    def _error(self, error: Exception) -> ValueError:
        return ValueError(f"{self._path}: {_line(error)}")


def checked(column: pa.Array, feature: Feature, *, path: Path, first: int) -> np.ndarray:
    """Returns a column of rows of `path` as the model takes it: [B] or [B, L].

    Args:
      first: number of the first row there.

    Raises:
      ValueError: naming column, row and value, for what would not be trained on.
    """
    try:
        typed = _typed(column, feature)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        row = _first_bad(column, feature)
        location = f"column {feature.name}, row {first + row}"
        raise ValueError(f"{path}: {location}: {shown(column[row])}: {_line(error)}") from error
    rule = feature_rule(feature)
    is_bad = rule.is_bad(typed)
    if is_bad is not None:
        row = int(is_bad.argmax())
        raise ValueError(
            f"{path}: column {feature.name}, row {first + row}: {shown(typed[row])} "
            f"{rule.must}; {is_bad.sum()} such rows up to row {first + len(typed) - 1}, from 0"
        )
    return raw_values(pa.chunked_array([typed]), feature)


def _first_bad(column: pa.Array, feature: Feature) -> int:
    """Returns the first row of a column that has no value of the feature's type."""
    first, last = 0, len(column)
    while last - first > 1:  # the first bad one is in [first, last)
        middle = (first + last) // 2
        try:
            _typed(column.slice(first, middle - first), feature)
            first = middle
        except (pa.ArrowException, UnicodeDecodeError):
            last = middle
    return first


_RAW = "; if these are raw rows of a table, name the folder that prepare wrote by predict's --past"


def _nearest(missing: list[str], present: list[str]) -> str:
    """Returns a hint at the columns whose names are nearest to those missing; "" for none."""
    lower = {name.lower(): name for name in present}
    near = {m: difflib.get_close_matches(m.lower(), lower, n=1, cutoff=0.8) for m in missing}
    hints = [f"{lower[found[0]]!r} for {name!r}" for name, found in near.items() if found]
    return f". Did you mean {', '.join(hints)}?" if hints else _RAW


def _typed(column: pa.Array, feature: Feature) -> pa.Array:
    """Returns `column` with the feature's own type; text becomes a list where one is due."""
    if not feature.is_multivalued:
        if pa.types.is_string(column.type) and feature.dtype != "string":
            column = pc.utf8_trim_whitespace(column)
        return column.cast(_TYPES[feature.dtype])
    if pa.types.is_string(column.type) or pa.types.is_null(column.type):
        column = pc.split_pattern(column.cast(pa.string()), LIST_SEPARATOR)
    return column.cast(pa.list_(_TYPES[feature.dtype]))


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
