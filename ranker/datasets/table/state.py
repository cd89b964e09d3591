"""What the rows so far left behind, beside prepared rows: for rows that come after them.

past/NAME.parquet     a row a key: by_KEY and count, sum, last or values (the latest first)
past/window/NAME...   of a feature of a window: the rows that are still in it, in order of time
past/all/NAME...      of a mean: count and sum of all rows, which is what it is drawn to
past/state.json       until when, and what was learnt of the training rows

A sum is kept exactly, as whole multiples of powers of two: sum_2^0, sum_2^-31 and so on; `sum`
is what they come to. Of a window, count and sum are of the rows in it at the end.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ranker.datasets.table.facts import FOLDER
from ranker.datasets.table.grouping import Grouping, Groups, pair
from ranker.datasets.table.past import PastColumns, PastSpec
from ranker.datasets.table.past_kinds import ALL, WHOLE, WINDOW, Kept
from ranker.datasets.table.plan import Plan
from ranker.datasets.table.reserved import LAST
from ranker.datasets.table.rows import RowMaker

_MOMENT = pa.timestamp("us", tz="UTC")
_MOMENTS = ("time", "last")
_VALUES = "values"
_ROWS = 1 << 20  # read at once
_ARROW = {"int64": pa.int64(), "string": pa.string()}


def write_tables(
    folder: Path, past: PastColumns, plan: Plan, groups: Groups, maker: RowMaker
) -> None:
    """Writes what `past` knows into `folder`."""
    specs = {spec.name: spec for spec in plan.past}
    for name, parts in past.kept().items():
        for part, kept in parts.items():
            path = _path(folder, name, part)
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(_table(specs[name], part, kept, plan, groups, maker), path)


def _path(folder: Path, name: str, part: str) -> Path:
    return folder / FOLDER / part / f"{name}.parquet"


def _table(
    spec: PastSpec, part: str, kept: Kept, plan: Plan, groups: Groups, maker: RowMaker
) -> pa.Table:
    columns: dict[str, pa.Array] = {}
    if part != ALL:
        for key, values in groups.values(spec.group, kept.group).items():
            columns[f"by_{key}"] = values.cast(_ARROW[plan.key_types[key]])
    for name, values in kept.columns.items():
        columns[name] = pa.array(values, _MOMENT if name in _MOMENTS else None)
    if kept.values is None or kept.lengths is None:
        return pa.table(columns)
    columns = {name: values[::-1] for name, values in columns.items()}  # so each list is as well
    offsets = np.concatenate([[0], np.cumsum(kept.lengths[::-1])]).astype(np.int32)
    names = maker.last[spec.value.removeprefix(LAST)].values
    values = names.take(pa.array(kept.values[::-1]))
    return pa.table(columns | {_VALUES: pa.ListArray.from_arrays(pa.array(offsets), values)})


def introduce(folder: Path, plan: Plan, maker: RowMaker) -> None:
    """Numbers all keys that the tables in `folder` have."""
    for spec in plan.past:
        for batch in _batches(_path(folder, spec.name, WHOLE)):
            for key in spec.group:
                maker.keys[key].of(batch.column(f"by_{key}"))


def pairs(folder: Path, plan: Plan, maker: RowMaker) -> dict[Grouping, list[np.ndarray]]:
    """Returns by grouping of two the pairs that the tables in `folder` have, [P] each."""
    found: dict[Grouping, list[np.ndarray]] = {}
    for spec in plan.past:
        if len(spec.group) == 2:
            for batch in _batches(_path(folder, spec.name, WHOLE)):
                numbers = (maker.keys[key].known(batch.column(f"by_{key}")) for key in spec.group)
                found.setdefault(spec.group, []).append(pair(*numbers))
    return found


def read_tables(
    folder: Path, plan: Plan, groups: Groups, maker: RowMaker
) -> dict[str, dict[str, Kept]]:
    """Returns what `write_tables` wrote of the groups that `groups` has.

    Values of lists are numbered by `maker` on the way.
    """
    found: dict[str, dict[str, Kept]] = {}
    for spec in plan.past:
        parts = [WHOLE, *([WINDOW] if spec.window else []), *([ALL] if spec.kind == "mean" else [])]
        found[spec.name] = {part: _read(folder, spec, part, groups, maker) for part in parts}
    return found


def _read(folder: Path, spec: PastSpec, part: str, groups: Groups, maker: RowMaker) -> Kept:
    pieces: list[tuple[np.ndarray, pa.RecordBatch]] = []
    grouping = () if part == ALL else spec.group
    path = _path(folder, spec.name, part)
    schema = pq.read_schema(path)
    for batch in _batches(path):
        keys = {key: batch.column(f"by_{key}") for key in grouping}
        group = groups.found(grouping, keys, len(batch))
        is_here = group >= 0
        pieces.append((group[is_here], batch.filter(pa.array(is_here))))
    group = np.concatenate([np.zeros(0, np.int32), *(group for group, _ in pieces)])
    table = pa.Table.from_batches([batch for _, batch in pieces], schema)
    columns = {
        name: table[name].cast(pa.int64() if name in _MOMENTS else table[name].type).to_numpy()
        for name in table.column_names
        if not name.startswith("by_") and name != _VALUES
    }
    if spec.kind != "last":
        return Kept(group, columns)
    lists = table[_VALUES].combine_chunks()
    lengths = lists.value_lengths().to_numpy()
    values = maker.last[spec.value.removeprefix(LAST)].of(lists.flatten()).to_numpy()
    return Kept(group[::-1], values=values[::-1], lengths=lengths[::-1])


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(_ROWS)
