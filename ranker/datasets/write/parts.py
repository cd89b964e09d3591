"""Blocks of examples to {train,validation,test}.parquet, with their histories."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from ranker.datasets.errors import DatasetError
from ranker.datasets.examples import Block, Examples
from ranker.datasets.options import Options
from ranker.datasets.past.forward import Events
from ranker.datasets.past.histories import Histories, Lists
from ranker.datasets.progress import Progress
from ranker.datasets.splits import NAMES, TRAIN, Split, check_sizes
from ranker.datasets.write.parquet import ThreadedWriter
from ranker.wording import listed


def write_parts(
    folder: Path, examples: Examples, split: Split, *, options: Options, progress: Progress
) -> None:
    """Writes the examples into `folder`, each into the file of its part.

    Raises:
      DatasetError: as the blocks do; for a column that they lack, or rows out of order; or if
        a part is left without rows.
    """
    sizes = np.zeros(len(NAMES), np.int64)
    rows = _Rows(examples, split)
    with contextlib.ExitStack() as stack:
        writers = [
            stack.enter_context(
                ThreadedWriter(folder / f"{n}.parquet", has_even_groups=examples.has_even_groups)
            )
            for n in NAMES
        ]
        bar = stack.enter_context(progress.rows(None if options.negatives else split.num_rows))
        for block in examples.blocks(split):
            for number, table in rows.of(block):
                writers[number].write(table)
                sizes[number] += len(table)
                bar.update(len(table))
            del block  # before the next is made: two would be held
        check_sizes(sizes, options)


class _Rows:
    """Makes the rows that are written of blocks, going forward in time."""

    def __init__(self, examples: Examples, split: Split) -> None:
        self._examples, self._split = examples, split
        by_name = {feature.name: feature for feature in examples.features}
        self._histories = Histories(
            {name: by_name[name].max_length for name in examples.histories},
            num_users=examples.num_users,
            item_ids=np.zeros(0, np.int64) if examples.item_ids is None else examples.item_ids,
        )
        self._names = [*by_name, *(task.name for task in examples.tasks), "timestamp"]
        self._frozen = {feature.frozen for feature in examples.features}
        self._last = -np.inf  # time of the row before

    def of(self, block: Block) -> Iterator[tuple[int, pa.Table]]:
        """Yields each part of the split that the block has rows of, and those."""
        table = block.table
        if "timestamp" not in table.column_names:
            table = table.append_column("timestamp", pa.array(np.zeros(len(table), np.int64)))
        time = table["timestamp"].to_numpy()
        if not block.file:
            self._check_order(time)
        part = block.part
        if part is None:
            part = self._split.of(len(table), time, file=block.file)
        histories = self._past(block, time, part)
        for number in np.unique(part).tolist():
            is_here = part == number
            rows = table if is_here.all() else table.filter(pa.array(is_here))
            columns = dict(zip(rows.column_names, rows.columns, strict=True))
            indices = np.flatnonzero(is_here)
            columns |= block.deferred(indices) if block.deferred else {}
            columns |= {name: lists.copied(indices) for name, lists in histories.items()}
            left_out = self._frozen if number == TRAIN else set()
            if missing := [name for name in self._names if name not in columns]:
                raise DatasetError(
                    f"the loader gives no column {listed(missing)}, which its features or tasks "
                    f"name; it gives {listed(columns)}"
                )
            names = dict.fromkeys((*self._names, *columns))
            yield number, pa.table({n: columns[n] for n in names if n not in left_out})

    def _check_order(self, time: np.ndarray) -> None:
        is_late = np.append(self._last, time[:-1]) > time
        if is_late.any():
            late = int(is_late.argmax())
            before = int(time[late - 1] if late else self._last)
            raise DatasetError(
                f"the loader gives a row of timestamp {time[late]} behind one of {before}: its "
                "rows must be in order of time"
            )
        if len(time):
            self._last = time[-1]

    def _past(self, block: Block, time: np.ndarray, part: np.ndarray) -> dict[str, Lists]:
        if not self._examples.histories:
            return {}
        assert block.user is not None
        assert block.item is not None
        return self._histories.advance(
            Events(block.user, block.item, time),
            is_known=self._split.knows(part),
            are_meant={
                name: block.table[task].to_numpy() == label
                for name, (task, label) in self._examples.histories.items()
            },
        )
