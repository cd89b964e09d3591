"""Raw rows that come after prepared ones: the same columns of them, by the same code.

Their labels are known to the rows behind them as far as the files have the columns: what only
labels, their conditions and those of the past are made of may be missing, and is then null.
"""

import dataclasses
import glob
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ranker.datasets.errors import DatasetError
from ranker.datasets.past.histories import spelt_out
from ranker.datasets.read.rejected_rows import RejectedRows
from ranker.datasets.table import batches, files
from ranker.datasets.table.batch import Batch
from ranker.datasets.table.earlier import Earlier
from ranker.datasets.table.expressions import Expression
from ranker.datasets.table.files import SourceFile
from ranker.datasets.table.forward import Forward
from ranker.datasets.table.judged import Judged
from ranker.datasets.table.plan import plan_of, sources
from ranker.datasets.table.rows import RowMaker
from ranker.datasets.table.spool import TIME, Spool
from ranker.schema import read_schema
from ranker.spec.table import TableSpec

_KEEP = "~keep:"
_LINE = "~line"
_NEEDED = ("time", "features.")  # settings whose columns must be there, and keys of the past


class NewRows:
    """Rows of files, which are read once, by time or not.

    Attributes:
      num_rows: how many are asked for.
      num_left: how many `where` of the spec left out.
      where_unknown: `where` of the spec, if the rows lack its columns, so that it leaves none
        out; else "".
      kept: the Arrow schema of the columns that are passed on.
    """

    def __init__(
        self, earlier: Earlier, paths: Sequence[str], scratch: Path, *, keep: Sequence[str] | None
    ) -> None:
        """Reads all rows, and keeps them in `scratch`, an empty folder.

        Args:
          paths: of files, folders or patterns, of the columns of the spec.
          keep: columns of the files to pass on; the user's and the item's if None.

        Raises:
          DatasetError: for a file, column or value that is not what the spec says; for rows
            that are not after the past.
        """
        self._earlier, self._scratch = earlier, scratch
        existing = [glob.escape(path) if Path(path).exists() else path for path in paths]
        source = dataclasses.replace(earlier.spec.source, files=tuple(existing), format="auto")
        self._files = files.find(source, None)
        names = batches.names_of(self._files[0], source)
        spec = dataclasses.replace(earlier.spec, source=source, keep=(), weight="", request="")
        self._spec, self._wanted = _without(spec, names, str(self._files[0].path))
        self.where_unknown = spec.where if spec.where != self._spec.where else ""
        self._keep = list(dict.fromkeys(_roles(spec) if keep is None else keep))
        if missing := [name for name in self._keep if name not in names]:
            raise DatasetError(f"{self._files[0].path}: {batches.missing_columns(missing, names)}")
        empty = {name: pa.nulls(0, pa.string()) for name, _ in sources(self._spec)}
        self._plan = plan_of(self._spec, empty, earlier.facts.types)
        self._maker = RowMaker(self._plan)
        self._spool = Spool(scratch)
        self._types: dict[str, pa.DataType] = {}
        self.num_rows, self.num_left = 0, 0
        for file in self._files:
            self._add(file)
        time = self._spool.finish()
        if len(time) and self._spec.time:
            earlier.check_follows(time[0], str(self._files[0].path))
        fields = [pa.field(n, self._types.get(n, pa.string())) for n in self._keep]
        self.kept = pa.schema(fields)

    def tables(self) -> Iterator[tuple[pa.Table, pa.Table]]:
        """Yields (columns that are kept, features) of the rows, [M] each, in the files' order."""
        if not self.num_rows:
            return
        ordered = self._scratch / "in order"
        ordered.mkdir()
        again, features = Spool(ordered), self._features()
        is_known = self._earlier.facts.knows == "all"
        forward = Forward(
            self._plan, self._spool, self._maker, self.num_rows, self._earlier, is_kept=False
        )
        indices = self._spool.in_order
        for columns, lists in forward.rows(lambda at: np.full(at.stop - at.start, is_known)):
            num_rows = len(columns[TIME])
            every = np.arange(num_rows)
            columns |= {name: spelt_out(found.copied(every)) for name, found in lists.items()}
            names = [*(f"{_KEEP}{name}" for name in self._keep), *features]
            table = pa.table({name: columns[name] for name in names})
            if indices:
                yield self._parted(table, features)
                continue
            again.add(table.append_column(TIME, columns[_LINE]))
        again.finish()
        for table in again.blocks():
            yield self._parted(table, features)

    def _parted(self, table: pa.Table, features: Sequence[str]) -> tuple[pa.Table, pa.Table]:
        kept = table.select([f"{_KEEP}{name}" for name in self._keep])
        return kept.rename_columns(self._keep), table.select(list(features))

    def _features(self) -> list[str]:
        schema = read_schema(self._earlier.folder / "schema.toml")
        return [feature.name for feature in schema.features]

    def _add(self, file: SourceFile) -> None:
        rejected = RejectedRows(str(file.path), max_share=0.0)
        names = batches.names_of(file, self._spec.source)
        wanted = [name for name in self._wanted if name in names]
        needed = [name for name, is_needed in self._wanted.items() if is_needed]
        if missing := [name for name in (*needed, *self._keep) if name not in names]:
            raise DatasetError(f"{file.path}: {batches.missing_columns(missing, names)}")
        for batch in batches.read(
            file, self._spec.source, [*dict.fromkeys((*wanted, *self._keep))], rejected
        ):
            start = self.num_rows + self.num_left
            further = {_LINE: pa.array(np.arange(batch.num_rows) + start)}
            further |= {f"{_KEEP}{name}": self._as_stored(batch, name) for name in self._keep}
            absent = {n: pa.nulls(batch.num_rows, pa.string()) for n in self._wanted}
            judged = Judged(batch._replace(columns={**absent, **batch.columns}), rejected)
            table = self._maker.table(judged, further)
            _check(rejected)
            self._spool.add(table)
            self.num_rows += len(table)
            self.num_left += batch.num_rows - len(table)
        file.check_unchanged()

    def _as_stored(self, batch: Batch, name: str) -> pa.Array:
        """Returns a column as the file has it, [N]; of text files, and folders, as text."""
        column: Any = batch.columns[name]
        if name in batch.stored.column_names:
            stored = batch.stored[name].combine_chunks()
            column = column if pa.types.is_binary(stored.type) else stored
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        kind = self._types.setdefault(name, column.type)
        try:
            return column.cast(kind)
        except pa.ArrowException as error:
            said = " ".join(str(error).split())
            raise DatasetError(
                f"{name!r:.80} cannot be kept: it is {kind} in one file and {column.type} in "
                f"another: {said:.200}"
            ) from error


def _without(
    spec: TableSpec, names: Sequence[str], path: str
) -> tuple[TableSpec, Mapping[str, bool]]:
    """Returns the spec without a `where` that cannot be known, and which columns are needed.

    Raises:
      DatasetError: naming the columns that are needed and not there.
    """
    if spec.where and not set(Expression(spec.where).columns) <= set(names):
        spec = dataclasses.replace(spec, where="")
    wanted: dict[str, bool] = {}
    for column, setting in sources(spec):
        is_needed = setting.startswith(_NEEDED) or setting.endswith(".by")
        wanted[column] = wanted.get(column, False) or is_needed
    missing = [column for column, is_needed in wanted.items() if is_needed and column not in names]
    if missing:
        raise DatasetError(f"{path}: {batches.missing_columns(missing, names)}")
    return spec, wanted


def _roles(spec: TableSpec) -> list[str]:
    return [spec.features[name].column or name for name in (spec.user, spec.item) if name]


def _check(rejected: RejectedRows) -> None:
    """Raises DatasetError for rows that are bad: each of them has to be scored."""
    for reason, first in rejected.first.items():
        raise DatasetError(f"{first}; {rejected.counts[reason]:,} such rows so far")
