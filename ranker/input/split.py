"""A prepared split in memory: Parquet to encoded arrays."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa

from ranker.input.batch import Batch
from ranker.input.columns import encoded_values, raw_values
from ranker.input.encode import Encoder
from ranker.input.oversample import Oversampling
from ranker.input.row_validator import SplitAccount
from ranker.input.shards import RowGroup, Shards, copied_groups
from ranker.schema import Schema

_ID = re.compile(r"-?(0|[1-9][0-9]{0,18})", re.ASCII)


@dataclasses.dataclass(frozen=True)
class Split:
    """The rows of a split in memory, encoded.

    Attributes:
      rows: the whole split as one `Batch` of NumPy arrays.
      users: raw user ids, for metrics by user. [N]
      is_warm: whether the user is in the training vocabulary. [N]
      times: Unix seconds, int64. [N]
      rejected_rows: what was left out of the files, if the rows are of files.
      groups: the row groups that they came in, in this order; () for one.
      requests: which rows were ranked against each other, int64 [N]; None if the schema says not.
      frozen: by feature of a user's past, its frozen values, of those whose file has a column
        of them and was read with it.
    """

    rows: Batch
    users: np.ndarray
    is_warm: np.ndarray
    times: np.ndarray
    rejected_rows: SplitAccount | None = None
    groups: tuple[RowGroup, ...] = ()
    requests: np.ndarray | None = None
    frozen: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.users)

    def label_ranges(self) -> dict[str, tuple[float, float]]:
        """Returns by task the least and the largest label that counts."""
        return label_ranges(self.rows.labels, self.rows.weights)

    def first_rows(self) -> np.ndarray:
        """Returns for each row the position of its user's first in time, ties as they stand. [N]"""
        by_time = np.argsort(self.times, kind="stable")
        _, first, user = np.unique(self.users[by_time], return_index=True, return_inverse=True)
        positions = np.empty(len(self), np.int64)
        positions[by_time] = by_time[first][user]
        return positions

    def take(self, positions: np.ndarray) -> Batch:
        """Returns the rows at `positions`, int [...], as a stack of batches, [...] and [..., L]."""

        def rows(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
            return {name: array[positions] for name, array in arrays.items()}

        return Batch(*(rows(arrays) for arrays in self.rows))

    def copied(self, oversampling: Oversampling) -> "Split":
        """Returns the split with copies of what is oversampled, each after its row."""
        counts = oversampling.counts(self.rows.labels, self.rows.weights)
        rows = np.repeat(np.arange(len(self)), counts)
        sizes = [(1, int(count)) for count in counts]
        return dataclasses.replace(
            self,
            rows=oversampling.weighed(self.take(rows)),
            users=self.users[rows],
            is_warm=self.is_warm[rows],
            times=self.times[rows],
            groups=copied_groups(self.groups, sizes),
            requests=None if self.requests is None else self.requests[rows],
            frozen={name: values[rows] for name, values in self.frozen.items()},
        )


def read_vocabularies(directory: Path, schema: Schema) -> dict[str, list[str]]:
    """Returns the values of each vocabulary of `schema`, in the order of their rows.

    Raises:
      FileNotFoundError: naming the file that is missing.
      ValueError: naming the file and the line, for a value that stands there twice, is
        no whole number where ids are, or is not UTF-8; or for another number of values than
        the schema has.
    """
    whole = {f.vocabulary for f in schema.features if f.dtype == "int64"}
    vocabularies = {}
    for name in schema.vocabularies:
        path = directory / "vocabularies" / f"{name}.txt"
        values = _read_lines(path)
        _check_vocabulary(path, values, are_ids=name in whole)
        if len(values) != (size := schema.vocabularies[name]):
            raise ValueError(
                f"{path}: {len(values)} values, and schema.toml says {size}; prepare the data again"
            )
        vocabularies[name] = values
    return vocabularies


def _read_lines(path: Path) -> list[str]:
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8: {error}; prepare the data again") from error
    # Not splitlines, which also cuts at the line separators of Unicode.
    return text.removesuffix("\n").split("\n") if text else []


def _check_vocabulary(path: Path, values: list[str], *, are_ids: bool) -> None:
    lines: dict[str, int] = {}
    for line, value in enumerate(values, start=1):
        if are_ids and not _is_id(value):
            raise ValueError(f"{path}, line {line}: {value!r:.80} is no whole number of 64 bits")
        first = lines.setdefault(value, line)
        if first != line:
            raise ValueError(f"{path}, line {line}: {value!r:.80} stands on line {first} already")


def _is_id(value: str) -> bool:
    return bool(_ID.fullmatch(value)) and -(2**63) <= int(value) < 2**63


def read_split(
    path: Path,
    schema: Schema,
    encoder: Encoder,
    *,
    known_users: Sequence[str],
    max_rejected_rows: float = 0.0,
    with_frozen: bool = False,
) -> Split:
    """Returns the good rows of a Parquet file, or of a folder of them, encoded.

    Args:
      known_users: the user vocabulary: who is warm.
      max_rejected_rows: the largest share of the rows that may be rejected.
      with_frozen: whether to read the columns of frozen values too.

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: naming the file and the columns, if it is no Parquet, lacks a column
        or has one of another type; and the first rejected row of each column, if there are
        more rejected rows than may be.
    """
    known = np.array(known_users, schema.feature(schema.user).dtype.replace("string", "object"))
    wanted = _with_frozen(schema) if with_frozen else schema
    shards = Shards(path, wanted)
    parts = [
        _encode_table(table, wanted, encoder, known) for table in shards.tables() if len(table)
    ]
    rejected_rows = shards.account(max_rejected_rows=max_rejected_rows)
    whole = _join(parts)
    features = whole.rows.features
    return dataclasses.replace(
        whole,
        rejected_rows=rejected_rows,
        groups=tuple(shards.groups),
        frozen={f.name: features.pop(f.frozen) for f in schema.features if f.frozen in features},
    )


def _with_frozen(schema: Schema) -> Schema:
    """Returns `schema` with the columns of frozen values among its features."""
    columns = (*schema.features, *schema.frozen_columns())
    plain = tuple(dataclasses.replace(feature, frozen="") for feature in columns)
    return dataclasses.replace(schema, features=plain)


def check_split(
    path: Path, schema: Schema, *, max_rejected_rows: float = 0.0, with_frozen: bool = False
) -> SplitAccount:
    """Reads the rows at `path` as `read_split` does, keeps nothing, encodes nothing.

    Raises:
      FileNotFoundError, ValueError: as `read_split` does.
    """
    shards = Shards(path, _with_frozen(schema) if with_frozen else schema)
    for _ in shards.tables():
        pass
    return shards.account(max_rejected_rows=max_rejected_rows)


def read_raw(path: Path, schema: Schema, *, num_rows: int) -> dict[str, np.ndarray]:
    """Returns the features of the first N good rows at `path`, as the encoder takes them.

    N is less than `num_rows` if there are fewer. By feature, [N], or [N, L] of lists.

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: as `read_split` does, but for rejected rows.
    """
    tables, num_found = [], 0
    with closing(Shards(path, schema, has_labels=False).tables()) as found:
        for table in found:
            tables.append(table.slice(0, num_rows - num_found))
            num_found += len(tables[-1])
            if num_found >= num_rows:
                break
    if not num_found:
        raise ValueError(f"{path}: no rows")
    table = pa.concat_tables(tables)
    return {f.name: raw_values(table.column(f.name), f) for f in schema.features}


def encode_rows(table: pa.Table, schema: Schema, encoder: Encoder) -> Batch:
    """Returns valid rows [N] as a batch: arrays [N], and [N, L] of lists."""
    encoded = {f.name: encoded_values(table.column(f.name), f, encoder) for f in schema.features}
    return Batch(encoded, *read_labels(table, schema))


def read_labels(
    table: pa.Table, schema: Schema
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Returns labels and weights by task, float32 [N]; weight 0 where there is no label."""
    sample_weight = np.ones(len(table), np.float32)
    if schema.weight:
        sample_weight = table.column(schema.weight).to_numpy().astype(np.float32)
    labels, weights = {}, {}
    for task in schema.tasks:
        column = table.column(task.name)
        is_missing = column.is_null().to_numpy()
        labels[task.name] = column.fill_null(0.0).to_numpy()
        weights[task.name] = np.where(is_missing, np.float32(0), sample_weight)
    return labels, weights


def label_ranges(
    labels: Mapping[str, np.ndarray], weights: Mapping[str, np.ndarray]
) -> dict[str, tuple[float, float]]:
    """Returns by task the least and largest of the labels [N] that count; no entry if none does."""
    counted = {task: values[weights[task] > 0] for task, values in labels.items()}
    return {task: (float(v.min()), float(v.max())) for task, v in counted.items() if len(v)}


def _encode_table(table: pa.Table, schema: Schema, encoder: Encoder, known: np.ndarray) -> Split:
    users = raw_values(table.column(schema.user), schema.feature(schema.user))
    return Split(
        encode_rows(table, schema, encoder),
        users=users,
        is_warm=np.isin(users, known),
        times=table.column(schema.time).to_numpy(),
        requests=table.column(schema.request).to_numpy() if schema.request else None,
    )


def _join(parts: list[Split]) -> Split:
    """Returns the parts as one; takes their rows away from them."""
    requests = [part.requests for part in parts if part.requests is not None]
    return Split(
        join_rows([part.rows for part in parts]),
        users=np.concatenate([p.users for p in parts]),
        is_warm=np.concatenate([p.is_warm for p in parts]),
        times=np.concatenate([p.times for p in parts]),
        requests=np.concatenate(requests) if requests else None,
    )


def join_rows(parts: list[Batch]) -> Batch:
    """Returns the parts as one; empties them column by column, so that no two wholes are held."""

    def join(arrays: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        return {name: np.concatenate([a.pop(name) for a in arrays]) for name in list(arrays[0])}

    return Batch(*(join(arrays) for arrays in zip(*parts, strict=True)))
