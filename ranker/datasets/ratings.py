"""A file of ratings to arrays in order of time, each row checked."""

from typing import BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ranker.datasets.editions import Edition
from ranker.datasets.refusals import Refusals
from ranker.datasets.text import Format, read_numbers

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


def read_ratings(
    stream: BinaryIO, form: Format, edition: Edition, *, refusals: Refusals
) -> Ratings:
    """Returns the rows of a file whose ids, stars and time are in their ranges.

    Raises:
      DatasetError: if the file is empty or its header is wrong.
    """
    blocks = []
    for line, (user, item, rating, time) in read_numbers(stream, form, refusals):
        blocks.append(_keep_in_range(Ratings(user, item, rating, time, line), edition, refusals))
    if not blocks:
        refusals.check()
    kinds = (np.int32, np.int32, np.float32, np.int64, np.int32)
    columns = zip(*blocks, strict=True)
    return Ratings(
        *(np.concatenate(c, dtype=k, casting="unsafe") for c, k in zip(columns, kinds, strict=True))
    )


def _keep_in_range(block: Ratings, edition: Edition, refusals: Refusals) -> Ratings:
    steps = block.rating / edition.step
    on_scale = (block.rating >= edition.lowest) & (block.rating <= HIGHEST)
    on_scale &= steps == np.rint(steps)
    scale = f"is not one of {edition.lowest:g} to {HIGHEST:g} in steps of {edition.step:g}"
    limits = (
        ("user_id", block.user, (block.user >= 0) & (block.user <= _MAX_ID), "is no id"),
        ("item_id", block.item, (block.item >= 0) & (block.item <= _MAX_ID), "is no id"),
        ("rating", block.rating, on_scale, scale),
        ("timestamp", block.time, (block.time >= 0) & (block.time < _MAX_TIME), "is no time"),
    )
    keep = np.ones(len(block.line), bool)
    for name, values, holds, problem in limits:
        _refuse(name, keep & ~holds, (name, values), block.line, problem, refusals)
        keep &= holds
    return block if keep.all() else Ratings(*(column[keep] for column in block))


def refuse_unknown(
    ratings: Ratings, name: str, known: np.ndarray, *, file: str, refusals: Refusals
) -> Ratings:
    """Returns the rows whose `name` ("user" or "item") stands in `known`, ids ascending."""
    ids = getattr(ratings, name)
    place = np.minimum(np.searchsorted(known, ids), max(len(known) - 1, 0))
    keep = known[place] == ids if len(known) else np.zeros(len(ids), bool)
    problem = f"is not in {file}"
    _refuse(f"unknown_{name}", ~keep, (f"{name}_id", ids), ratings.line, problem, refusals)
    return ratings if keep.all() else Ratings(*(column[keep] for column in ratings))


def refuse_duplicates(ratings: Ratings, *, refusals: Refusals) -> Ratings:
    """Returns the rows without any whose user rated that item on an earlier line."""
    pair = (ratings.user.astype(np.int64) << 31) | ratings.item
    ordered = np.sort(pair)
    if not (ordered[1:] == ordered[:-1]).any():
        return ratings
    order = np.argsort(pair, kind="stable")
    repeats = np.zeros(len(pair), bool)
    repeats[order[1:]] = pair[order[1:]] == pair[order[:-1]]
    what = (f"user_id {ratings.user[np.argmax(repeats)]}, item_id", ratings.item)
    _refuse("duplicate", repeats, what, ratings.line, "was rated on an earlier line", refusals)
    return Ratings(*(column[~repeats] for column in ratings))


def _refuse(
    reason: str,
    bad: np.ndarray,
    what: tuple[str, np.ndarray],
    line: np.ndarray,
    problem: str,
    refusals: Refusals,
) -> None:
    if not bad.any():
        return
    name, values = what
    first = int(np.argmax(bad))
    text = (
        f"{name} {values[first]:g} {problem}"
        if name == "rating"
        else (f"{name} {values[first]} {problem}")
    )
    refusals.add(reason, line=int(line[first]), problem=text, count=int(bad.sum()))


def in_time_order(ratings: Ratings) -> Ratings:
    """Returns the rows in order of time, ties in file order."""
    order = np.argsort(ratings.time, kind="stable")
    return Ratings(*(column[order] for column in ratings))


def distinct(ids: np.ndarray) -> np.ndarray:
    """Returns the distinct ids as int64, ascending."""
    return np.sort(pc.unique(pa.array(ids)).to_numpy()).astype(np.int64)
