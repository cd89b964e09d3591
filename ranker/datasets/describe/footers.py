"""What Parquet's footers say of all rows, and blocks of rows from all over the files."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ranker.datasets.errors import DatasetError
from ranker.datasets.table.batches import damaged
from ranker.datasets.table.files import SourceFile
from ranker.datasets.table.types import canonical, repaired
from ranker.spec.table import SourceSpec
from ranker.wording import repeated

MOST_COLUMNS = 10_000
_MOST_CHUNKS = 500_000  # of columns, whose statistics are read
_BLOCKS = 32
_INT96 = "us"


class Footers:
    """The footers of files.

    Attributes:
      schema: columns of the first file and of the folders, with the types of all.
      groups: (file, row group, rows) of each row group, in order.
      num_rows: of all.
      num_nulls, bounds: by column, where the files say it of every row group.
      left_out: columns that are not in every file, or not of one kind.
      as_text: columns that are text in some files and numbers in others.
      remarks: on those.
    """

    def __init__(self, files: Sequence[SourceFile]) -> None:
        """Reads them.

        Raises:
          DatasetError: for a file that is damaged or not Parquet.
        """
        self.groups: list[tuple[int, int, int]] = []
        self.num_nulls: dict[str, int] = {}
        self.bounds: dict[str, tuple[float, float]] = {}
        self.left_out: dict[str, str] = {}
        self.as_text: list[str] = []
        self.remarks: list[str] = []
        self._kinds: dict[str, dict[str, str]] = {}  # by column: kind -> a file that has it
        self._types: dict[str, pa.DataType] = {}
        self._num_having: dict[str, int] = {}
        self._num_chunks = 0
        self._incomplete: set[str] = set()
        self._no_bounds: set[str] = set()
        for number, file in enumerate(files):
            self._take(number, file)
        self.num_rows = sum(rows for _, _, rows in self.groups)
        for name in self._incomplete:
            self.num_nulls.pop(name, None)
        for name in self._incomplete | self._no_bounds:
            self.bounds.pop(name, None)
        self._compare(len(files))
        self.schema = pa.schema(list(self._types.items()))

    def _take(self, number: int, file: SourceFile) -> None:
        try:
            with pq.ParquetFile(file.path, coerce_int96_timestamp_unit=_INT96) as parquet:
                metadata, schema = parquet.metadata, parquet.schema_arrow
        except (pa.ArrowException, OSError, ValueError) as error:
            raise damaged(file, error) from error
        names = schema.names
        check_width(file, len(names))
        if twice := repeated(names):
            raise DatasetError(f"{file.path}: several columns are called {twice[0]!r:.80}")
        partitions = [pa.field(n, pa.string()) for n in file.partitions if n not in names]
        for field in [*schema, *partitions]:
            self._num_having[field.name] = self._num_having.get(field.name, 0) + 1
            kinds = self._kinds.setdefault(field.name, {})
            kinds.setdefault(_kind(field.type), str(file.path))
            if pa.types.is_null(self._types.setdefault(field.name, field.type)):
                self._types[field.name] = field.type
        for group in range(metadata.num_row_groups):
            self.groups.append((number, group, metadata.row_group(group).num_rows))
            self._add_statistics(metadata.row_group(group), schema)

    def _add_statistics(self, group: Any, schema: pa.Schema) -> None:
        self._num_chunks += group.num_columns
        if self._num_chunks > _MOST_CHUNKS:
            self._incomplete |= set(schema.names)
            return
        for index in range(group.num_columns):
            chunk = group.column(index)
            name, found = chunk.path_in_schema, chunk.statistics
            if found is None or not found.has_null_count:
                self._incomplete.add(name)
                continue
            self.num_nulls[name] = self.num_nulls.get(name, 0) + found.null_count
            if found.num_values and found.has_min_max:
                low, high = _bounds(found)
                if low is None or high is None:
                    self._no_bounds.add(name)
                else:
                    before = self.bounds.get(name, (low, high))
                    self.bounds[name] = min(low, before[0]), max(high, before[1])

    def _compare(self, num_files: int) -> None:
        for name, kinds in self._kinds.items():
            kinds.pop("null", None)
            if self._num_having[name] < num_files:
                self.left_out[name] = f"it is in {self._num_having[name]:,} of {num_files:,} files"
            elif kinds.keys() == {"number", "text"}:
                self.as_text.append(name)
                self.remarks.append(
                    f"{name!r:.80} is text in {kinds['text']} and a number in {kinds['number']}: "
                    "it is read as text"
                )
            elif len(kinds) > 1:
                both = " and ".join(f"{kind} in {file}" for kind, file in kinds.items())
                self.left_out[name] = f"it is {both}: write it as one type"


def read_blocks(
    files: Sequence[SourceFile],
    footers: Footers,
    wanted: Sequence[str],
    source: SourceSpec,
    sample_rows: int,
) -> Iterator[pa.Table]:
    """Yields blocks of rows from all over the files, in order, of about `sample_rows` in all."""
    groups = [group for group in footers.groups if group[2]]
    if footers.num_rows > sample_rows and len(groups) > _BLOCKS:
        ends = np.cumsum([rows for _, _, rows in groups])
        indices = np.linspace(0, footers.num_rows - 1, _BLOCKS)
        groups = [groups[index] for index in np.unique(np.searchsorted(ends, indices, "right"))]
    share = min(1.0, sample_rows / sum(rows for _, _, rows in groups))
    for number, group, rows in groups:
        yield _block(files[number], group, max(1, round(rows * share)), wanted, source)


def _block(
    file: SourceFile, group: int, num_rows: int, wanted: Sequence[str], source: SourceSpec
) -> pa.Table:
    inside = [name for name in wanted if name not in file.partitions]
    try:
        with pq.ParquetFile(
            file.path, coerce_int96_timestamp_unit=_INT96, buffer_size=1 << 20
        ) as parquet:
            batches = parquet.iter_batches(num_rows, row_groups=[group], columns=inside)
            table = pa.Table.from_batches([next(batches)])
    except (pa.ArrowException, OSError, ValueError) as error:
        said = " ".join(str(error).split())
        raise DatasetError(f"{file.path}, row group {group + 1}: damaged: {said:.300}") from error
    columns = {}
    for name in wanted:
        if name in file.partitions:
            column = pa.repeat(pa.scalar(file.partitions[name], pa.string()), len(table))
        else:
            column = canonical(repaired(table[name].combine_chunks())[0], name)
        is_text = source.types.get(name) == "text"
        columns[name] = column.cast(pa.string()) if is_text else column
    return pa.table(columns)


def check_width(file: SourceFile, num_columns: int) -> None:
    """Raises DatasetError for a file with more columns than are described."""
    if num_columns > MOST_COLUMNS:
        raise DatasetError(
            f"{file.path}: {num_columns:,} columns, of at most {MOST_COLUMNS:,} that are "
            "described; write those that matter to a file of their own"
        )


def _kind(kind: pa.DataType) -> str:
    """Returns what a type is, as far as files may not differ."""
    if pa.types.is_null(kind):
        return "null"
    try:
        kind = canonical(pa.array([], kind), "").type
    except (DatasetError, pa.ArrowException):
        return str(kind)[:80]
    if pa.types.is_string(kind):
        return "text"
    if pa.types.is_timestamp(kind):
        return "a time"
    return "a list" if pa.types.is_list(kind) else "number"


def _bounds(found: Any) -> tuple[float | None, float | None]:
    """Returns the least and the largest value of a column's chunk; None where Python has none."""
    try:
        return _number(found.min), _number(found.max)
    except (OverflowError, ValueError):  # a moment before the year 1 or after 9999
        return None, None


def _number(value: object) -> float | None:
    """Returns a bound as a number: a moment in seconds since 1970; None for text and bytes."""
    if isinstance(value, bool | int | float):
        return float(value)
    if isinstance(value, datetime):
        from datetime import UTC

        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, date):
        return float(value.toordinal() - date(1970, 1, 1).toordinal()) * 86_400
    return None
