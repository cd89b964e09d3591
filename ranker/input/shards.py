"""The files of a split: one Parquet file, or a folder of them, read as one."""

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from ranker.input.parquet import ParquetRows
from ranker.input.row_validator import RowValidator, SplitAccount, joined
from ranker.input.rules import rules_of
from ranker.schema import Schema
from ranker.wording import listed

_MAGIC = b"PAR1"
_SUMMARIES = ("_metadata", "_common_metadata")  # Parquet without rows, as Spark and Dask write it
_ROWS = 65_536  # at a time: bounds the memory of the raw values


class RowGroup(NamedTuple):
    """A row group of a split, and how many good rows are in it."""

    path: Path
    number: int
    num_rows: int


def split_path(directory: Path, name: str) -> Path:
    """Returns where the rows of a split are: `name.parquet`, or the folder `name` of shards.

    Raises:
      ValueError: if both are there.
    """
    file, folder = directory / f"{name}.parquet", directory / name
    if not folder.is_dir():
        return file
    if file.exists():
        raise ValueError(f"{directory}: has both {file.name} and {name}/; keep one of them")
    return folder


class Shards:
    """The good rows of a split's files, in the order of the files' names.

    Attributes:
      path: the file, or the folder.
      files: the Parquet files there, in order.
      groups: its row groups, as far as `tables` has read.
    """

    def __init__(self, path: Path, schema: Schema, *, has_labels: bool = True) -> None:
        """Looks for the files; opens none.

        Args:
          path: a Parquet file, or a folder, whose shards are its files *.parquet that begin with
            neither . nor _.
          has_labels: whether labels, time and weight are read beside the features.

        Raises:
          ValueError: if there are no shards in the folder, or rows where they are not read: in
            a folder in it, or in Parquet of another name.
        """
        self.path = path
        self.groups: list[RowGroup] = []
        self._rules = rules_of(schema, has_labels=has_labels)
        self._accounts: list[SplitAccount] = []
        self.files = _shards(path) if path.is_dir() else [path]

    def count(self) -> int:
        """Returns how many rows the files say they have, good or bad.

        Raises:
          OSError, ValueError: as `tables` does, for what cannot be opened.
        """
        total = 0
        for path in self.files:
            with ParquetRows(path) as file:
                total += file.num_rows
        return total

    def tables(
        self, on_progress: Callable[[int], None] = lambda num_rows: None
    ) -> Generator[pa.Table]:
        """Yields the good rows of all files, [M] of a row group at a time, M <= 65,536.

        Args:
          on_progress: called with the number of rows that were read, at each table.

        Raises:
          OSError: if a file is missing, or may not be read.
          ValueError: naming the file and what of it cannot be read or is of another type.
        """
        for path in self.files:
            with ParquetRows(path) as file:
                validator = RowValidator(path, file.schema, self._rules)
                for group, batch in file.batches(_ROWS, columns=validator.columns):
                    on_progress(len(batch))
                    yield validator.filter_valid(batch, row_group=group)
                numbers = range(file.num_row_groups)
            self._accounts.append(validator.account())
            self.groups += [
                RowGroup(path, number, validator.num_valid[number]) for number in numbers
            ]

    def account(self, *, max_rejected_rows: float) -> SplitAccount:
        """Returns what was bad, once `tables` has come to its end.

        Raises:
          ValueError: with the account, if there are no rows, or more are rejected than may be.
        """
        is_folder = self.path.is_dir()
        account = joined(self.path, self._accounts) if is_folder else self._accounts[0]
        return account.check(max_rejected_rows=max_rejected_rows)

    def none(self) -> pa.Table:
        """Returns no rows, [0], of the columns that `tables` yields."""
        return pa.schema([(rule.column, rule.kind) for rule in self._rules]).empty_table()

    def group(self, wanted: RowGroup) -> Iterator[pa.Table]:
        """Yields the good rows of one of `groups`, in their order, [M] at a time, M <= 65,536.

        Raises:
          OSError: if its file is missing, or may not be read.
          ValueError: naming the file and the row group, for what cannot be read, or if it has
            changed since `tables` read it.
        """
        with ParquetRows(wanted.path) as file:
            validator = RowValidator(wanted.path, file.schema, self._rules)
            batches = file.batches(_ROWS, columns=validator.columns, row_groups=[wanted.number])
            for group, batch in batches:
                yield validator.filter_valid(batch, row_group=group)
        found = validator.num_valid[wanted.number]
        if found != wanted.num_rows:
            raise ValueError(
                f"{wanted.path}: row group {wanted.number} has {found} good rows and had "
                f"{wanted.num_rows} when the run began: the file changed; start the run again"
            )


def copied_groups(
    groups: Sequence[RowGroup], sizes: Iterable[tuple[int, int]]
) -> tuple[RowGroup, ...]:
    """Returns row groups with the copies of their rows.

    Args:
      sizes: of each piece of all groups, in order: its rows, and these with copies.
    """
    pieces = np.array([(0, 0), *sizes])
    rows, copies = np.cumsum(pieces, axis=0).T
    ends = np.cumsum([0, *(group.num_rows for group in groups)])
    counts = np.diff(copies[np.searchsorted(rows, ends, side="right") - 1])
    return tuple(
        group._replace(num_rows=int(count)) for group, count in zip(groups, counts, strict=True)
    )


def _shards(folder: Path) -> list[Path]:
    """Returns the shards in `folder` in order of name; ValueError as `Shards` says."""
    shards, folders, others = [], [], []
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if path.is_dir():
            folders += [f"{path.name}/"] * any(files for _, _, files in os.walk(path))
        elif path.suffix == ".parquet" and path.name[0] not in "._":
            shards.append(path)
        elif path.name not in _SUMMARIES and _is_parquet(path):
            others.append(path.name)
    if folders:
        raise ValueError(
            f"{folder}: holds files in {listed(folders)}, and only the shards right in "
            f"{folder.name}/ are read: move them there, or away"
        )
    if others:
        raise ValueError(
            f"{folder}: not read would be {listed(others)}: a shard is named *.parquet and begins "
            "with neither . nor _; give it such a name, or move it away"
        )
    if not shards:
        raise ValueError(f"{folder}: no *.parquet in this folder")
    return shards


def _is_parquet(path: Path) -> bool:
    """Whether it begins as Parquet does; of a pipe or a link to nothing, False."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC
