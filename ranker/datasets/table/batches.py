"""Files of rows to batches of the columns that are wanted, whatever the format."""

import difflib
from collections.abc import Generator, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv as arrow_csv

from ranker.datasets.errors import DatasetError
from ranker.datasets.read.ahead import ahead
from ranker.datasets.read.rejected_rows import RejectedRows
from ranker.datasets.table.batch import Batch
from ranker.datasets.table.decoded import MARK, Decoded
from ranker.datasets.table.files import SourceFile
from ranker.datasets.table.json_lines import read_json_lines
from ranker.datasets.table.types import canonical, repaired, typed
from ranker.spec.table import SourceSpec
from ranker.wording import listed, repeated

ROWS = 1 << 18  # of a batch, and of the row groups that are written
_CSV_BYTES = 1 << 24
_HEAD_BYTES = 1 << 21
_CAUSES = {
    "cannot infer number of columns": f"its first line does not end within {_HEAD_BYTES:,} bytes",
    "Exceeded size limit": "its footer is too large, of too many columns or row groups",
}


def names_of(file: SourceFile, source: SourceSpec) -> list[str]:
    """Returns the columns that a file has, those of its folders last.

    Raises:
      DatasetError: for a file that is damaged, or none of its format.
    """
    try:
        if file.form == "parquet":
            with pq.ParquetFile(file.path) as parquet:
                names = parquet.schema_arrow.names
        elif file.form == "jsonl":
            names = next(read_json_lines(file, {}, None, None))[0].column_names
        else:
            with _csv(file, source, None, None) as reader:
                names = reader.schema.names
    except (pa.ArrowException, OSError, ValueError, StopIteration) as error:
        raise damaged(file, error) from error
    if twice := repeated(names):
        raise DatasetError(f"{file.path}: several columns are called {listed(twice)}")
    return [*names, *(name for name in file.partitions if name not in names)]


def read(
    file: SourceFile, source: SourceSpec, wanted: Sequence[str], rejected: RejectedRows
) -> Iterator[Batch]:
    """Yields the rows of a file by batches, with the columns that are wanted.

    Args:
      rejected: counts the rows, and those that are none.

    Raises:
      DatasetError: for a missing column, or a file that is damaged or none of its format.
    """
    names = names_of(file, source)
    if missing := [name for name in wanted if name not in names]:
        raise DatasetError(f"{file.path}: {missing_columns(missing, names)}")
    inside = [name for name in wanted if name not in file.partitions]
    tables = {"parquet": _parquet, "jsonl": _json_lines}.get(file.form, _delimited)

    def batches() -> Generator[Batch, None, None]:
        for table, location, start in tables(file, source, inside, rejected):
            if len(table):
                yield _batch(file, source, table, location, start, wanted)

    # Only Parquet is read without a look at the account of rejected rows, which others write to.
    made = ahead(batches()) if file.form == "parquet" else batches()
    try:
        for batch in made:
            rejected.num_read += batch.num_rows
            yield batch
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, DatasetError):
            raise
        raise damaged(file, error) from error


def missing_columns(missing: Sequence[str], names: Sequence[str]) -> str:
    """Returns the sentence on columns that are not there, with the nearest of those that are."""
    near = difflib.get_close_matches(missing[0], names[:10_000], n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return f"no column {listed(missing)}{hint} It has {len(names):,}: {listed(names[:100])}"


def _batch(
    file: SourceFile, source: SourceSpec, table: pa.Table, location: str, start: int,
    wanted: Sequence[str],
) -> Batch:  # fmt: skip
    columns, bad = {}, {}
    for name in wanted:
        if name in file.partitions:
            value = pa.scalar(file.partitions[name], pa.string())
            column, is_bad = pa.repeat(value, len(table)), None
        else:
            column, is_bad = _sound(table[name], name)
        if is_bad is not None:
            bad[name] = is_bad, "its bytes are not text of the encoding"
        columns[name], is_bad = typed(column, source.types.get(name, ""))
        if is_bad is not None and name not in bad:
            bad[name] = is_bad, f"there is a value that is not of type {source.types[name]}"
    return Batch(columns, len(table), location, start, bad, table)


def _sound(column: pa.ChunkedArray, name: str) -> tuple[pa.Array, np.ndarray | None]:
    """Returns a column of a canonical type, and where its bytes were none of text. Both [N]."""
    whole = column.combine_chunks()
    whole = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
    whole, is_bad = repaired(whole)
    return canonical(whole, name), is_bad


def _parquet(
    file: SourceFile, source: SourceSpec, inside: Sequence[str], rejected: RejectedRows
) -> Iterator[tuple[pa.Table, str, int]]:
    with pq.ParquetFile(file.path, coerce_int96_timestamp_unit="us") as parquet:
        for group in range(parquet.num_row_groups):
            start = 1
            for batch in parquet.iter_batches(ROWS, row_groups=[group], columns=list(inside)):
                yield pa.Table.from_batches([batch]), f"row group {group + 1}, row ", start
                start += len(batch)


def _json_lines(
    file: SourceFile, source: SourceSpec, inside: Sequence[str], rejected: RejectedRows
) -> Iterator[tuple[pa.Table, str, int]]:
    types = {n: t for n, t in source.types.items() if n in inside and t == "text"}
    for table, start in read_json_lines(file, types, inside, rejected):
        yield table, "line ", start


def _delimited(
    file: SourceFile, source: SourceSpec, inside: Sequence[str], rejected: RejectedRows
) -> Iterator[tuple[pa.Table, str, int]]:
    start = 1
    with _csv(file, source, inside, rejected) as reader:
        for batch in reader:
            yield pa.Table.from_batches([batch]), "row ", start
            start += len(batch)


def _csv(
    file: SourceFile,
    source: SourceSpec,
    inside: Sequence[str] | None,
    rejected: RejectedRows | None,
) -> arrow_csv.CSVStreamingReader:
    delimiter = source.delimiter or ("\t" if file.form == "tsv" else ",")

    def on_bad(row: arrow_csv.InvalidRow) -> str:
        if rejected is not None:
            rejected.num_read += 1
            problem = f"{row.actual_columns} columns in place of {row.expected_columns}"
            number = row.number or rejected.num_read
            problem = f"{problem}: {row.text.replace(MARK, '?')!r:.80}"
            rejected.add("columns", line=number, problem=problem)
        return "skip"

    return arrow_csv.open_csv(
        Decoded(file.path, source.encoding),
        read_options=arrow_csv.ReadOptions(
            block_size=_CSV_BYTES if inside else _HEAD_BYTES,
            column_names=list(source.columns) or None,
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=delimiter, newlines_in_values=True, invalid_row_handler=on_bad
        ),
        convert_options=_as_bytes(file, source, delimiter, inside),
    )


def _as_bytes(
    file: SourceFile, source: SourceSpec, delimiter: str, inside: Sequence[str] | None
) -> arrow_csv.ConvertOptions:
    """Returns that every column is bytes, for the spec and not the values say what they are."""
    names = list(inside or source.columns or ())
    kinds = dict.fromkeys(names, pa.binary())
    return arrow_csv.ConvertOptions(
        column_types=kinds,
        include_columns=names or None,
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        check_utf8=False,
    )


def damaged(file: SourceFile, error: BaseException) -> DatasetError:
    """Returns the error of a file that is none of its format, in one sentence."""
    said = " ".join(str(error).split()) or type(error).__name__
    for words, cause in _CAUSES.items():
        said = f"{cause} ({said:.100})" if words in said else said
    return DatasetError(f"{file.path}: not read as {file.form}: {said:.300}")
