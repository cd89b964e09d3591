"""Parquet files, opened and read so that every fault of theirs is one sentence."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

# What pyarrow raises on a damaged file; OSError too, then without a number of the system's.
_FAULTS = (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError)


class ParquetRows:
    """An open Parquet file.

    Attributes:
      path: where it is.
      schema: its columns, as Arrow has them.
      num_rows: how many rows its metadata says it has.
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
            names = self.schema.names
        except _FAULTS as error:
            raise self._fault(error, "not a readable Parquet file, or a damaged one") from error
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{path}: more than one column {', '.join(twice)}")

    def batches(
        self, num_rows: int, *, columns: Sequence[str]
    ) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Yields (row group, its next rows, at most `num_rows`), in the file's order.

        Raises:
          ValueError: naming the file and the row group, for what cannot be read.
        """
        for group in range(self._file.num_row_groups):
            read = 0
            try:
                stated = self._file.metadata.row_group(group).num_rows
                for batch in self._file.iter_batches(num_rows, row_groups=[group], columns=columns):
                    read += len(batch)
                    yield group, batch
            except _FAULTS as error:
                raise self._fault(error, f"row group {group} cannot be read") from error
            if read != stated:
                raise ValueError(
                    f"{self.path}: row group {group} has {read} rows and should have {stated}: "
                    "the file is damaged; write it again"
                )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def _fault(self, error: Exception, what: str) -> Exception:
        """Returns the error to raise: the system's own as it is, any other as a sentence."""
        if isinstance(error, OSError) and error.errno:
            return type(error)(error.errno, error.strerror or "cannot be read", str(self.path))
        said = " ".join(str(error).split()) or type(error).__name__
        return ValueError(f"{self.path}: {what}: {said:.300}; write it again")
