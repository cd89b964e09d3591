"""A file of ratings to arrays in order of time, each row checked."""

from typing import BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ranker.datasets.editions import Edition
from ranker.datasets.layouts import Table
from ranker.datasets.order import Numbering, stable_order
from ranker.datasets.refusals import Refusals
from ranker.datasets.text import DelimitedFile

HIGHEST = 5.0  # stars, in every edition
_MAX_ID = 2**31 - 1
_MAX_TIME = 2**32  # the year 2106


class Ratings(NamedTuple):
    """Columns of a file of ratings, [N] each: ids, stars, Unix seconds and line numbers."""

    user: np.ndarray
    item: np.ndarray
    rating: np.ndarray
    time: np.ndarray
    line: np.ndarray


class RatingsFile:
    """A file of ratings; each step returns the rows it leaves and refuses the others."""

    def __init__(self, table: Table, *, refusals: Refusals) -> None:
        """Names the file; nothing is read yet."""
        self._table = table
        self._refusals = refusals

    def read(self, stream: BinaryIO, edition: Edition) -> Ratings:
        """Returns the rows whose ids, stars and time are in their ranges.

        Raises:
          DatasetError: if the file is empty or its header is wrong.
        """
        file = DelimitedFile(stream, self._table.form, refusals=self._refusals)
        blocks = []
        for line, columns in file.columns(("int64", "int64", "float64", "int64")):
            user, item, rating, time = columns
            block = self._in_range(Ratings(user, item, rating, time, line), edition)
            blocks.append(_compact(block))  # now: a large file is held once, at half the size
        if not blocks:
            self._refusals.check()
        return _joined(blocks)

    def known(self, ratings: Ratings, name: str, *, ids: np.ndarray, file: str) -> Ratings:
        """Returns the rows whose `name` ("user" or "item") is in `ids`, those of `file`."""
        values = getattr(ratings, name)
        keep = Numbering(ids).numbers(values) >= 0
        shown = [f"{name}_id {v} is not in {file}" for v in values[~keep][:1]]
        return self._keep(ratings, keep, reason=f"unknown_{name}", problem=shown)

    def without_duplicates(self, ratings: Ratings) -> Ratings:
        """Returns the rows but for any whose user rated that item on an earlier line."""
        keep = ~_are_repeats(ratings)
        shown = [
            f"user_id {user} rated item_id {item} on an earlier line"
            for user, item in zip(ratings.user[~keep][:1], ratings.item[~keep][:1], strict=True)
        ]
        return self._keep(ratings, keep, reason="duplicate", problem=shown)

    def _in_range(self, block: Ratings, edition: Edition) -> Ratings:
        for name in ("user", "item"):
            ids = getattr(block, name)
            keep = (ids >= 0) & (ids <= _MAX_ID)
            shown = [f"{name}_id {v} is not in 0 to {_MAX_ID}" for v in ids[~keep][:1]]
            block = self._keep(block, keep, reason="id", problem=shown)
        steps = block.rating / edition.step
        keep = (block.rating >= edition.lowest) & (block.rating <= HIGHEST)
        keep &= steps == np.rint(steps)
        scale = f"{edition.lowest:g} to {HIGHEST:g} in steps of {edition.step:g}"
        shown = [f"rating {v:g} is not one of {scale}" for v in block.rating[~keep][:1]]
        block = self._keep(block, keep, reason="rating", problem=shown)
        keep = (block.time >= 0) & (block.time < _MAX_TIME)
        shown = [f"timestamp {v} is no time in Unix seconds" for v in block.time[~keep][:1]]
        return self._keep(block, keep, reason="timestamp", problem=shown)

    def _keep(
        self, ratings: Ratings, keep: np.ndarray, *, reason: str, problem: list[str]
    ) -> Ratings:
        """Returns the rows to keep; the others are refused, the first for `problem[0]`."""
        if keep.all():
            return ratings
        line, count = int(ratings.line[~keep][0]), int((~keep).sum())
        self._refusals.add(reason, line=line, problem=problem[0], count=count)
        return Ratings(*(column[keep] for column in ratings))


def _compact(block: Ratings) -> Ratings:
    kinds = (np.int32, np.int32, np.float32, np.int64, np.int32)
    return Ratings(*(column.astype(kind) for column, kind in zip(block, kinds, strict=True)))


def _joined(blocks: list[Ratings]) -> Ratings:
    """Returns the rows of all blocks, and empties the list: they are not held twice."""
    columns = [list(column) for column in zip(*blocks, strict=True)]
    blocks.clear()
    joined = []
    while columns:
        joined.append(np.concatenate(columns.pop(0)))
    return Ratings(*joined)


def _are_repeats(ratings: Ratings) -> np.ndarray:
    """Returns whether an earlier row is of the same user and item. [N]"""
    are_repeats = np.zeros(len(ratings.user), bool)
    pairs = _pairs(ratings)
    pairs.sort()  # in place: a copy of a large file's is 200 MB
    several = np.unique(pairs[1:][pairs[1:] == pairs[:-1]])
    if len(several):
        pairs = _pairs(ratings)
        places = np.flatnonzero(np.isin(pairs, several))
        first = np.unique(pairs[places], return_index=True)[1]
        are_repeats[np.delete(places, first)] = True
    return are_repeats


def _pairs(ratings: Ratings) -> np.ndarray:
    """Returns user and item as one number, int64 [N]."""
    pairs = ratings.user.astype(np.int64)
    pairs <<= 31
    pairs |= ratings.item
    return pairs


def sort_by_time(ratings: Ratings) -> None:
    """Puts the rows in order of time, ties as they stand, in place."""
    order = stable_order(ratings.time)
    for column in ratings:
        column[:] = column[order]


def distinct(ids: np.ndarray) -> np.ndarray:
    """Returns the distinct ids as int64, ascending."""
    return np.sort(pc.unique(pa.array(ids)).to_numpy()).astype(np.int64)
