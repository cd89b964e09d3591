"""Rows to look at: blocks of them from all over the files, and what the files say of the rest."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from ranker.datasets.describe.delimited import seen
from ranker.datasets.describe.footers import Footers, check_width, read_blocks
from ranker.datasets.errors import DatasetError
from ranker.datasets.read.rejected_rows import RejectedRows
from ranker.datasets.table.batches import names_of, read
from ranker.datasets.table.files import SourceFile, find
from ranker.datasets.table.types import canonical
from ranker.spec.table import SourceSpec

_MOST_CELLS = 60_000_000  # of the sample
_MOST_TEXT_FILES = 20
_READ = 20  # times the sample: what is read of text, which has to be read from its beginning


@dataclasses.dataclass(frozen=True)
class Sample:
    """What is looked at.

    Attributes:
      table: rows, in the files' order, of the types of `table.types.canonical`. [N]
      num_rows: of all files; where text was not read to its end, of what was read.
      is_counted: whether `num_rows` is of all.
      num_files: of all.
      num_nulls, bounds: by column, of all rows, where the files say it.
      left_out: columns that no feature can be, and why.
      nested: those that are lists of lists.
      source: what was found out about the files.
      remarks: what was found in them, in sentences.
    """

    table: pa.Table
    num_rows: int
    is_counted: bool
    num_files: int
    num_nulls: Mapping[str, int]
    bounds: Mapping[str, tuple[float, float]]
    left_out: Mapping[str, str]
    nested: frozenset[str]
    source: SourceSpec
    remarks: Sequence[str]

    @property
    def is_whole(self) -> bool:
        """Whether the sample is all rows."""
        return self.is_counted and len(self.table) == self.num_rows


def draw(patterns: Sequence[str], sample_rows: int) -> Sample:
    """Returns about `sample_rows` rows of the files that `patterns` name.

    Raises:
      DatasetError: for no such file, one without rows or of another format, too many columns.
    """
    source = SourceSpec(files=tuple(patterns))
    found = find(source, None)
    forms = {file.form: file for file in reversed(found)}
    if len(forms) > 1:
        both = " and ".join(f"{file.path} is {form}" for form, file in sorted(forms.items()))
        raise DatasetError(f"files of several formats: {both}; describe one format at a time")
    if "parquet" in forms:
        return _of_parquet(found, source, sample_rows)
    return _of_text(found, source, sample_rows)


def _of_parquet(found: Sequence[SourceFile], source: SourceSpec, sample_rows: int) -> Sample:
    footers = Footers(found)
    check_width(found[0], len(footers.schema))
    left_out, nested = _unreadable(footers.schema, footers.left_out)
    types = dict.fromkeys(footers.as_text, "text")
    source = dataclasses.replace(source, types=types)
    wanted = [name for name in footers.schema.names if name not in left_out]
    if not footers.num_rows:
        raise DatasetError(f"{found[0].path}: empty file: it holds no rows")
    size = _fitting(sample_rows, len(wanted))
    tables = list(read_blocks(found, footers, wanted, source, size))
    return Sample(
        pa.concat_tables(tables, promote_options="permissive").combine_chunks(),
        footers.num_rows,
        True,
        len(found),
        footers.num_nulls,
        footers.bounds,
        left_out,
        nested,
        source,
        footers.remarks,
    )


def _of_text(found: Sequence[SourceFile], source: SourceSpec, sample_rows: int) -> Sample:
    source, remarks = seen(found[0], source)
    files = _spread(found, _MOST_TEXT_FILES)
    names = [names_of(files[0], source)]
    check_width(files[0], len(names[0]))
    names += [names_of(file, source) for file in files[1:]]
    shared = set.intersection(*map(set, names))
    everywhere = [name for name in names[0] if name in shared]
    left_out = {
        name: "it is not in every file" for others in names for name in others
        if name not in shared
    }  # fmt: skip
    size = _fitting(sample_rows, len(everywhere))
    tables, num_rows, is_counted = [], 0, len(files) == len(found)
    for file in files:
        rows = _Rows(size // len(files) + 1)
        rejected = RejectedRows(str(file.path), max_share=1.0)
        wanted, nested = _readable(file, source, everywhere, left_out)
        for batch in read(file, source, wanted, rejected):
            rows.add(pa.table(dict(batch.columns)))
            if rows.num_read >= _READ * sample_rows // len(files):
                is_counted = False
                break
        num_rows += rows.num_read
        tables += rows.tables()
        if rejected.counts:
            remarks = [*remarks, f"{next(iter(rejected.first.values()))}; such rows are left out"]
    if not num_rows:
        raise DatasetError(f"{found[0].path}: empty file: it holds no rows")
    table = pa.concat_tables(tables, promote_options="permissive").combine_chunks()
    return Sample(
        table, num_rows, is_counted, len(found), {}, {}, left_out, nested, source, remarks
    )


class _Rows:
    """The first rows of each batch of a file: as many of each as leave about `size` in all."""

    def __init__(self, size: int) -> None:
        self._size, self._share = size, 1.0
        self._kept: list[tuple[pa.Table, int]] = []
        self.num_read = 0

    def add(self, table: pa.Table) -> None:
        self.num_read += len(table)
        self._kept.append((table[: self._size], len(table)))

    def tables(self) -> Iterator[pa.Table]:
        share = min(1.0, self._size / max(1, self.num_read))
        for table, count in self._kept:
            yield table[: max(1, int(count * share))] if share < 1 else table


def _readable(
    file: SourceFile, source: SourceSpec, names: Sequence[str], left_out: dict[str, str]
) -> tuple[list[str], frozenset[str]]:
    """Returns the columns of text that a feature can be; adds the others to `left_out`."""
    if file.form != "jsonl":
        return list(names), frozenset()
    from ranker.datasets.table.json_lines import read_json_lines

    schema = next(read_json_lines(file, {}, None, None))[0].schema
    bad, nested = _unreadable(schema, {})
    left_out |= bad
    return [name for name in names if name not in left_out], nested


def _unreadable(
    schema: pa.Schema, known: Mapping[str, str]
) -> tuple[dict[str, str], frozenset[str]]:
    """Returns the columns that no feature can be, with why, and those that are lists of lists."""
    left_out, nested = dict(known), set()
    for field in schema:
        try:
            kind = canonical(pa.array([], field.type), field.name).type
        except (DatasetError, pa.ArrowException):
            left_out.setdefault(
                field.name, f"it is {field.type!s:.80}; write its parts as columns of their own"
            )
            continue
        if pa.types.is_list(kind) and pa.types.is_list(kind.value_type):
            nested.add(field.name)
    return left_out, frozenset(nested)


def _fitting(sample_rows: int, num_columns: int) -> int:
    return max(1_000, min(sample_rows, _MOST_CELLS // max(1, num_columns)))


def _spread(found: Sequence[SourceFile], most: int) -> list[SourceFile]:
    """Returns at most so many files, evenly from all over, the first among them."""
    step = max(1.0, len(found) / most)
    return [found[int(index * step)] for index in range(min(most, len(found)))]


def as_given(patterns: Sequence[str]) -> tuple[str, ...]:
    """Returns the files as a spec names them: many of one folder as a pattern, where it is they."""
    if len(patterns) <= 10:
        return tuple(patterns)
    paths = [Path(pattern) for pattern in patterns]
    folders, endings = {path.parent for path in paths}, {path.suffix for path in paths}
    if len(folders) == len(endings) == 1:
        pattern = paths[0].parent / f"*{paths[0].suffix}"
        if set(paths[0].parent.glob(pattern.name)) == set(paths):
            return (str(pattern),)
    return tuple(patterns)
