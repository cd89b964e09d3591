"""A prepared split on disk, read a few row groups at a time."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from ranker.input.batch import Batch
from ranker.input.buffers import Buffer
from ranker.input.encode import Encoder
from ranker.input.oversample import Oversampling
from ranker.input.shards import Shards, copied_groups
from ranker.input.split import encode_rows, join_rows, label_ranges, read_labels
from ranker.schema import Schema


class StoredSplit:
    """A split that stays on disk: where its good rows are is known, and none is held.

    Attributes:
      path: its file, or the folder of its files.
      rejected_rows: what is left out of the files.
      groups: its row groups, with the copies of rows that are oversampled.
      is_by_time: whether its rows lie in order of time.
    """

    def __init__(
        self,
        path: Path,
        schema: Schema,
        encoder: Encoder,
        *,
        max_rejected_rows: float = 0.0,
        oversampling: Oversampling | None = None,
        on_progress: Callable[[int], None] = lambda num_rows: None,
    ) -> None:
        """Reads every row once, to count the good ones of each row group.

        Args:
          max_rejected_rows: the largest share of the rows that may be rejected.
          oversampling: which rows come several times; None for none.
          on_progress: called with the number of rows that were read, again and again.

        Raises:
          FileNotFoundError, ValueError: as `read_split` does.
        """
        self.path = path
        self._shards = Shards(path, schema)
        self._stamps = {file: _stamp(file) for file in self._shards.files}
        self._schema = schema
        self._encoder = encoder
        self._oversampling = oversampling
        self.is_by_time = True
        self._ranges: dict[str, tuple[float, float]] = {}
        latest, sizes = np.iinfo(np.int64).min, []
        for table in self._shards.tables(on_progress):
            times = np.append(latest, table.column(schema.time).to_numpy())
            self.is_by_time &= bool((times[1:] >= times[:-1]).all())
            latest = times[-1]
            read = read_labels(table, schema)
            if oversampling:
                sizes.append((len(table), int(np.sum(oversampling.counts(*read)))))
            for task, (low, high) in label_ranges(*read).items():
                before = self._ranges.get(task, (low, high))
                self._ranges[task] = (min(low, before[0]), max(high, before[1]))
        self.rejected_rows = self._shards.account(max_rejected_rows=max_rejected_rows)
        self.groups = tuple(self._shards.groups)
        if oversampling:
            self.groups = copied_groups(self.groups, sizes)

    def __len__(self) -> int:
        return sum(group.num_rows for group in self.groups)

    def label_ranges(self) -> dict[str, tuple[float, float]]:
        """Returns by task the least and the largest label that counts."""
        return self._ranges

    def none(self) -> Batch:
        """Returns no rows, encoded."""
        return encode_rows(self._shards.none(), self._schema, self._encoder)

    def read(self, buffer: Buffer) -> Batch:
        """Returns the rows of a buffer of `groups`, encoded, as they lie.

        Raises:
          OSError, ValueError: naming the file, for what could be read before and cannot now,
            or was written since.
        """
        offset, left = buffer.offset, buffer.num_rows
        parts = []
        for group in buffer.groups:
            for table in self._shards.group(self._shards.groups[group]):
                table = self._copied(table)
                wanted = table.slice(offset, left)
                offset, left = max(0, offset - len(table)), left - len(wanted)
                if len(wanted):
                    rows = encode_rows(wanted, self._schema, self._encoder)
                    parts.append(self._oversampling.weighed(rows) if self._oversampling else rows)
            self._check(self.groups[group].path)
        return join_rows(parts)

    def _copied(self, table: pa.Table) -> pa.Table:
        """Returns rows with their copies, each after its row."""
        if self._oversampling is None:
            return table
        counts = self._oversampling.counts(*read_labels(table, self._schema))
        return table.take(np.repeat(np.arange(len(table)), counts))

    def _check(self, file: Path) -> None:
        """Raises ValueError if a file was written since the run began."""
        if _stamp(file) != self._stamps[file]:
            raise ValueError(
                f"{file}: changed since the run began; put it back, and the same command goes on"
            )


def _stamp(file: Path) -> tuple[int, int, int]:
    """Returns what tells cheaply that a file was written: size, time in ns, inode."""
    stat = file.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ino
