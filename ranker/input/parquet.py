"""Parquet files, opened and read so that every fault of theirs is one sentence."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from ranker.wording import listed, repeated

# What pyarrow raises on a damaged file; OSError too, then without a number of the system's.
_FAULTS = (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError)


class ParquetRows:
    """An open Parquet file.

    Attributes:
      path: where it is.
      schema: its columns, as Arrow has them.
      num_rows, num_row_groups: how many rows and row groups its metadata says it has.
    """

    def __init__(self, path: Path) -> None:
        """Opens `path` and reads its metadata, no rows.

        Raises:
          OSError: if there is no such file, or it may not be read.
          ValueError: naming the file, if it is no Parquet or a damaged one.
        """
        self.path = path
        try:
            self._file = pq.ParquetFile(path, page_checksum_verification=True)
            self.schema: pa.Schema = self._file.schema_arrow
            self.num_rows: int = self._file.metadata.num_rows
            self.num_row_groups: int = self._file.num_row_groups
            names = self.schema.names
        except _FAULTS as error:
            raise self._fault(error, "not a readable Parquet file, or a damaged one") from error
        if twice := repeated(names):
            raise ValueError(f"{path}: more than one column {listed(twice)}")

    def batches(
        self, num_rows: int, *, columns: Sequence[str], row_groups: Sequence[int] | None = None
    ) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Yields (row group, its next rows, [M], M <= `num_rows`), in the file's order.

        Args:
          row_groups: those to read, in that order; None for all.

        Raises:
          ValueError: naming the file, the row group and the column that cannot be read.
        """
        for group in range(self.num_row_groups) if row_groups is None else row_groups:
            read = 0
            try:
                stated = self._file.metadata.row_group(group).num_rows
                for batch in self._file.iter_batches(num_rows, row_groups=[group], columns=columns):
                    read += len(batch)
                    yield group, batch
            except _FAULTS as error:
                location = f"row group {group}{self._culprit(group, columns)}"
                raise self._fault(error, f"{location} cannot be read") from error
            if read != stated:
                raise ValueError(
                    f"{self.path}: row group {group} has {read} rows and should have {stated}: "
                    "the file is damaged; write it again"
                )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._file.close()

    def _culprit(self, group: int, columns: Sequence[str]) -> str:
        """Returns ", column NAME," for the first column that cannot be read alone; else ""."""
        for column in columns:
            try:
                self._file.read_row_group(group, columns=[column])
            except _FAULTS:
                return f", column {column},"
        return ""

    def _fault(self, error: Exception, what: str) -> Exception:
        """Returns the error to raise: the system's own as it is, any other as a sentence."""
        if isinstance(error, OSError) and error.errno:
            return type(error)(error.errno, error.strerror or "cannot be read", str(self.path))
        said = " ".join(str(error).split()) or type(error).__name__
        return ValueError(f"{self.path}: {what}: {said:.300}; write it again")
