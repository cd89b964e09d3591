"""Checked rows on disk, gone through in order of time, ties in the order they came."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

TIME = "~time"  # the column of microseconds; no feature is called so
_BLOCK_ROWS = 1 << 18
_MAX_BUCKETS = 200  # files that are open at once
_FLUSH_ROWS = 1 << 13


class Spool:
    """Takes tables of one schema with a column TIME, int64, and gives them back by time.

    Rows that came in order are read back as they came. Others are first parted by time into files
    that are sorted one by one, so that what memory holds is one of them, N / 200 rows or 262,144.
    """

    def __init__(self, folder: Path) -> None:
        """Keeps its files in `folder`, which must exist."""
        self._folder = folder
        self._path = folder / "rows.arrow"
        self._writer: pa.RecordBatchFileWriter | None = None
        self._times: list[np.ndarray] = []
        self._parts: list[Path] | None = None

    def add(self, table: pa.Table) -> None:
        """Takes the next rows, [M], in any order of time."""
        if not len(table):
            return
        writer = self._writer or pa.ipc.new_file(str(self._path), table.schema)
        for batch in table.combine_chunks().to_batches():
            writer.write_batch(batch)
        self._writer = writer
        self._times.append(table[TIME].to_numpy())

    @property
    def in_order(self) -> bool:
        """Whether the rows came in order of time; once it is finished."""
        return self._parts is None

    def finish(self) -> np.ndarray:
        """Ends writing and returns all times, int64 [N], ascending."""
        if self._writer is not None:
            self._writer.close()
        time = np.concatenate(self._times) if self._times else np.zeros(0, np.int64)
        self._times = []
        if np.all(time[1:] >= time[:-1]):
            return time
        time.sort()
        self._parts = self._parted(time)
        self._path.unlink()
        return time

    def blocks(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Yields the rows in order of time, no moment divided between two tables.

        Args:
          columns: beside TIME; all if None.
        """
        if self._writer is None:
            return
        if self._parts is None:
            yield from _undivided(_read(self._path, columns))
            return
        for path in self._parts:
            table = pa.concat_tables(_read(path, columns)).combine_chunks()
            order = np.argsort(table[TIME].to_numpy(), kind="stable")
            yield table.take(pa.array(order))

    def _parted(self, time: np.ndarray) -> list[Path]:
        """Parts the rows by time into files, and returns these in order."""
        size = max(_BLOCK_ROWS, -(-len(time) // _MAX_BUCKETS))
        begins = np.unique(time[size::size])
        parts = [_Part(self._folder / f"part-{i}.arrow") for i in range(len(begins) + 1)]
        for table in _read(self._path, None):
            bucket = np.searchsorted(begins, table[TIME].to_numpy(), side="right")
            order = np.argsort(bucket.astype(np.uint8), kind="stable")
            numbers, starts = np.unique(bucket[order], return_index=True)
            ordered = table.take(pa.array(order))
            for number, start, end in zip(numbers, starts, [*starts[1:], len(table)], strict=True):
                parts[number].add(ordered[start:end])
        return [part.close() for part in parts if part.has_rows]


class _Part:
    """A file of the rows of one stretch of time, gathered before they are written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: pa.RecordBatchFileWriter | None = None
        self._gathered: list[pa.Table] = []
        self._num_gathered = 0

    @property
    def has_rows(self) -> bool:
        return self._writer is not None or bool(self._gathered)

    def add(self, table: pa.Table) -> None:
        self._gathered.append(table)
        self._num_gathered += len(table)
        if self._num_gathered >= _FLUSH_ROWS:
            self._flush()

    def close(self) -> Path:
        self._flush()
        assert self._writer is not None, self._path
        self._writer.close()
        return self._path

    def _flush(self) -> None:
        if not self._gathered:
            return
        table = pa.concat_tables(self._gathered).combine_chunks()
        self._gathered, self._num_gathered = [], 0
        writer = self._writer or pa.ipc.new_file(str(self._path), table.schema)
        for batch in table.to_batches():
            writer.write_batch(batch)
        self._writer = writer


def _read(path: Path, columns: Sequence[str] | None) -> Iterator[pa.Table]:
    """Yields the batches of a file, with the columns that are wanted."""
    with pa.OSFile(str(path), "rb") as source:
        options = pa.ipc.IpcReadOptions()
        if columns is not None:
            with pa.ipc.open_file(source) as file:
                names = file.schema.names
            wanted = sorted({names.index(name) for name in (TIME, *columns)})
            options = pa.ipc.IpcReadOptions(included_fields=wanted)
            source.seek(0)
        file = pa.ipc.open_file(source, options=options)
        for number in range(file.num_record_batches):
            yield pa.Table.from_batches([file.get_batch(number)])


def _undivided(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Yields tables in order of time cut so that no moment is divided between two."""
    held: list[pa.Table] = []
    for table in tables:
        time = table[TIME].to_numpy()
        if held and held[-1][TIME][-1].as_py() != time[0].item():
            yield pa.concat_tables(held).combine_chunks()
            held = []
        last = int(np.searchsorted(time, time[-1], side="left"))
        if last:
            yield pa.concat_tables([*held, table[:last]]).combine_chunks()
            held = []
        held.append(table[last:])
    if held:
        yield pa.concat_tables(held).combine_chunks()
