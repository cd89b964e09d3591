"""A file of ratings to arrays in order of time, each row checked."""

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ranker.datasets.examples import Inputs
from ranker.datasets.order import stable_order
from ranker.datasets.public.movielens.editions import Edition
from ranker.datasets.public.movielens.layouts import Table
from ranker.datasets.read.file_rows import FileRows

HIGHEST = 5.0  # stars, in every edition
_KINDS = ("int64", "int64", "float64", "int64")
_COMPACT = {
    **{"user_id": np.int32, "item_id": np.int32},
    **{"rating": np.float32, "timestamp": np.int64},
}
_MAX_ID = 2**31 - 1
_MAX_TIME = 2**32  # the year 2106


def read_ratings(
    inputs: Inputs,
    table: Table,
    edition: Edition,
    *,
    known: Mapping[str, tuple[np.ndarray, str]],
) -> FileRows:
    """Returns the ratings in order of time, ties in file order.

    Args:
      known: of "user" and "item" the ids there are, [U] and [I], ascending, and the file that
        has them.

    Raises:
      DatasetError: if the file is empty, damaged, has a wrong header or too many rejected rows.
    """
    rows = FileRows.joined(_compact(inputs, table, edition))
    for name in ("item", "user"):
        if name in known:
            ids, file = known[name]
            rows.keep_known(f"{name}_id", ids, file=file, reason=f"unknown_{name}")
    user, item = rows["user_id"], rows["item_id"]
    rows.keep(
        ~_are_repeats(user, item),
        "duplicate",
        problem=lambda i: f"user_id {user[i]} rated item_id {item[i]} on an earlier line",
    )
    rows.rejected.check()
    order = stable_order(rows["timestamp"])
    for column in rows.columns.values():  # in place: they are not held twice
        column[:] = column[order]
    return rows


def _compact(inputs: Inputs, table: Table, edition: Edition) -> Iterator[FileRows]:
    """Yields the rows whose ids, stars and time are in their ranges, in half the room.

    Made small block by block: a large file is held once, at half its size.
    """
    scale = f"{edition.lowest:g} to {HIGHEST:g} in steps of {edition.step:g}"
    for rows in inputs.rows(table.file, table.form, _KINDS):
        for name in ("user_id", "item_id"):
            rows.keep_between(name, 0, _MAX_ID, reason="id")
        stars = rows["rating"]
        steps = stars / edition.step
        is_kept = (stars >= edition.lowest) & (stars <= HIGHEST) & (steps == np.rint(steps))
        rows.keep(
            is_kept,
            "rating",
            problem=lambda i, stars=stars: f"rating {stars[i]:g} is not one of {scale}",
        )
        time = rows["timestamp"]
        rows.keep(
            (time >= 0) & (time < _MAX_TIME),
            "timestamp",
            problem=lambda i, time=time: f"timestamp {time[i]} is no time in Unix seconds",
        )
        rows.columns = {name: rows[name].astype(kind) for name, kind in _COMPACT.items()}
        yield rows


def _are_repeats(user: np.ndarray, item: np.ndarray) -> np.ndarray:
    """Returns whether an earlier row is of the same user and item. [N]"""
    are_repeats = np.zeros(len(user), bool)
    pairs = _pairs(user, item)
    pairs.sort()  # in place: a copy of a large file's is 200 MB
    several = np.unique(pairs[1:][pairs[1:] == pairs[:-1]])
    if len(several):
        pairs = _pairs(user, item)
        indices = np.flatnonzero(np.isin(pairs, several))
        first = np.unique(pairs[indices], return_index=True)[1]
        are_repeats[np.delete(indices, first)] = True
    return are_repeats


def _pairs(user: np.ndarray, item: np.ndarray) -> np.ndarray:
    """Returns user and item as one number, int64 [N]."""
    pairs = user.astype(np.int64)
    pairs <<= 31
    pairs |= item
    return pairs


def distinct(ids: np.ndarray) -> np.ndarray:
    """Returns the distinct of ids [N] as int64 [U], ascending."""
    return np.sort(pc.unique(pa.array(ids)).to_numpy()).astype(np.int64)
