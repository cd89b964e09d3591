"""MovieLens, every edition, from GroupLens' files; 100K also from RecBole's atomic files.

Features are those the edition has, made alike: an age is put in the groups that
1M publishes, a zip code is its first character, "no genre" is an empty list, and a
year that no title tells is 0.
"""

import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from ranker.datasets import ratings as rows
from ranker.datasets.archives import Files
from ranker.datasets.editions import Edition
from ranker.datasets.interactions import Entities, Interactions, Tags
from ranker.datasets.layouts import Layout, Table, layout_of
from ranker.datasets.refusals import Refusals
from ranker.datasets.text import read_text

UNKNOWN_YEAR = 0
_YEAR = re.compile(r"\((\d{4})(?:[-\u2013]\d{0,4})?\)")
_NO_GENRE = ("", "(no genres listed)", "unknown")
_AGE_GROUPS = np.array([1, 18, 25, 35, 45, 50, 56])  # 1M's; each begins at its number


class _Reader:
    """Reads the tables of one edition, keeping count of what was refused in each."""

    def __init__(self, files: Files, layout: Layout, *, max_bad_rows: float) -> None:
        self.files = files
        self.layout = layout
        self.refusals: list[Refusals] = []
        self._max_bad_rows = max_bad_rows

    def refusals_of(self, table: Table) -> Refusals:
        self.refusals.append(Refusals(table.file, max_share=self._max_bad_rows))
        return self.refusals[-1]

    def text(self, table: Table) -> Iterator[tuple[Refusals, int, dict[str, str]]]:
        """Yields (refusals, line, value by column) of each row, and checks at the end."""
        refusals = self.refusals_of(table)
        with self.files.open(table.file) as stream:
            for line, values in read_text(stream, table.form, refusals):
                yield refusals, line, dict(zip(table.form.columns, values, strict=True))
        refusals.check()


def read(edition: Edition, files: Files, *, max_bad_rows: float) -> Interactions:
    """Returns the rows of `edition`, whose raw files are `files`.

    Raises:
      DatasetError: naming file, line and value, if a file is missing, empty or
        damaged, or more than a share `max_bad_rows` of its rows is refused.
    """
    layout = layout_of(edition, files)
    reader = _Reader(files, layout, max_bad_rows=max_bad_rows)
    items = _read_items(reader)
    users = _read_users(reader) if layout.users else None
    refusals = reader.refusals_of(layout.ratings)
    with files.open(layout.ratings.file) as stream:
        rated = rows.read_ratings(stream, layout.ratings.form, edition, refusals=refusals)
    file = layout.items.file
    rated = rows.refuse_unknown(rated, "item", items.ids, file=file, refusals=refusals)
    if users is not None and layout.users:
        file = layout.users.file
        rated = rows.refuse_unknown(rated, "user", users.ids, file=file, refusals=refusals)
    rated = rows.in_time_order(rows.refuse_duplicates(rated, refusals=refusals))
    refusals.check()
    users = users or Entities(ids=rows.distinct(rated.user), columns={})
    return Interactions(
        user=np.searchsorted(users.ids, rated.user).astype(np.int32),
        item=np.searchsorted(items.ids, rated.item).astype(np.int32),
        rating=rated.rating,
        time=rated.time,
        users=users,
        items=items,
        tags=_read_tags(reader, items.ids) if layout.tags else None,
        lowest=edition.lowest,
        highest=rows.HIGHEST,
        step=edition.step,
        refusals=tuple(reader.refusals),
    )


def _read_items(reader: _Reader) -> Entities:
    found: dict[int, tuple[list[str], int]] = {}
    for refusals, line, row in reader.text(reader.layout.items):
        number = _identity(row["item_id"], "item_id", found, line, refusals)
        if number is not None:
            genres = reader.layout.genres(row)
            found[number] = ([g for g in genres if g not in _NO_GENRE], _year(row))
    ids = sorted(found)
    columns = {
        "genres": pa.array([found[i][0] for i in ids], pa.list_(pa.string())),
        "release_year": pa.array([found[i][1] for i in ids], pa.int64()),
    }
    return Entities(ids=np.array(ids, np.int64), columns=columns)


def _year(row: dict[str, str]) -> int:
    """Returns the year of a release, which titles carry last, as in "Heat (1995)"."""
    stated = row.get("release_year", "")
    if re.fullmatch(r"\d{4}", stated):
        return int(stated)
    found = _YEAR.findall(row["title"])
    return int(found[-1]) if found else UNKNOWN_YEAR


def _read_users(reader: _Reader) -> Entities:
    found: dict[int, dict[str, str]] = {}
    for refusals, line, row in reader.text(reader.layout.users):
        number = _identity(row["user_id"], "user_id", found, line, refusals)
        if number is None:
            continue
        if row["age"].isascii() and row["age"].isdigit():
            found[number] = row
        else:
            problem = f"age {row['age']!r} is not a number"
            refusals.add("number", line=line, problem=problem)
    ids = sorted(found)
    ages = np.array([int(found[i]["age"]) for i in ids], np.int64)
    groups = _AGE_GROUPS[np.searchsorted(_AGE_GROUPS[1:], ages, side="right")]
    occupation = reader.layout.occupation
    columns = {
        "gender": pa.array([found[i]["gender"] for i in ids], pa.string()),
        "age": pa.array(groups, pa.int64()),
        "occupation": pa.array([occupation(found[i]["occupation"]) for i in ids], pa.string()),
        "zip": pa.array([found[i]["zip_code"][:1] for i in ids], pa.string()),
    }
    return Entities(ids=np.array(ids, np.int64), columns=columns)


def _read_tags(reader: _Reader, item_ids: np.ndarray) -> Tags:
    """Returns the tags, lower-case, of known items; others are refused and counted."""
    place = {number: i for i, number in enumerate(item_ids.tolist())}
    words: dict[str, int] = {}
    found: list[tuple[int, int, int]] = []
    for refusals, line, row in reader.text(reader.layout.tags):
        number, time = _integer(row["item_id"]), _integer(row["timestamp"])
        if number not in place:
            problem = f"item_id {row['item_id']!r} is not in {reader.layout.items.file}"
            refusals.add("unknown_item", line=line, problem=problem)
        elif time is None:
            problem = f"timestamp {row['timestamp']!r} is no time"
            refusals.add("timestamp", line=line, problem=problem)
        elif word := row["tag"].strip().lower():
            found.append((place[number], words.setdefault(word, len(words)), time))
    columns = np.array(found, np.int64).reshape(-1, 3).T
    return Tags(
        item=columns[0].astype(np.int32),
        word=columns[1].astype(np.int32),
        time=columns[2],
        names=pa.array(words, pa.string()),
    )


def _identity(text: str, name: str, found: dict, line: int, refusals: Refusals) -> int | None:
    """Returns the id that `text` is, or None, refused and counted, if none or known already."""
    number = _integer(text)
    if number is None:
        refusals.add("number", line=line, problem=f"{name} {text!r} is not a number")
    elif number in found:
        refusals.add("duplicate", line=line, problem=f"{name} {number} stands on an earlier line")
        return None
    return number


def _integer(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 11 else None
