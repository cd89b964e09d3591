"""The files of an edition to checked interactions.

Features are those the edition has, made alike: an age is put in the groups that
1M publishes, a zip code is its first character, "no genre" is an empty list, and a
year that no title tells is 0.
"""

import re
from array import array
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from ranker.datasets.examples import Inputs
from ranker.datasets.order import Numbering
from ranker.datasets.public.movielens.editions import Edition
from ranker.datasets.public.movielens.interactions import Entities, Interactions, Tags
from ranker.datasets.public.movielens.layouts import Layout, Table, layout_of
from ranker.datasets.public.movielens.ratings import HIGHEST, distinct, read_ratings
from ranker.datasets.read.rejected_rows import RejectedRows
from ranker.datasets.read.text import DelimitedFile
from ranker.datasets.read.words import UNKNOWN, one_line

UNKNOWN_YEAR = 0
_NO_GENRE = ("", "(no genres listed)", UNKNOWN)
_YEAR = re.compile(r"\(([0-9]{4})(?:[-\u2013][0-9]{0,4})?\)")
_AGE_GROUPS = np.array([1, 18, 25, 35, 45, 50, 56])  # 1M's; each begins at its number
_MAX_DIGITS = 10


def read(edition: Edition, inputs: Inputs) -> Interactions:
    """Returns the rows of `edition`.

    Raises:
      DatasetError: naming file, line and value, if a file is missing, empty or
        damaged, or too many of its rows are rejected.
    """
    layout = layout_of(edition, inputs.files)
    reader = _Reader(inputs, layout)
    items, users = reader.items(), reader.users()
    known = {"item": (items.ids, layout.items.file)}
    if users and layout.users:
        known["user"] = users.ids, layout.users.file
    ratings = read_ratings(inputs, layout.ratings, edition, known=known)
    users = users or Entities(ids=distinct(ratings["user_id"]), columns={})
    return Interactions(
        user=Numbering(users.ids).numbers(ratings["user_id"]),
        item=Numbering(items.ids).numbers(ratings["item_id"]),
        rating=ratings["rating"],
        time=ratings["timestamp"],
        users=users,
        items=items,
        tags=reader.tags(items.ids),
        lowest=edition.lowest,
        highest=HIGHEST,
        step=edition.step,
    )


class _Row:
    """One row of a table of text, and what it is rejected for."""

    def __init__(
        self, values: list[str], indices: dict[str, int], *, line: int, rejected: RejectedRows
    ) -> None:
        """Takes the values, and the index of each column among them."""
        self._values = values
        self._indices = indices
        self._line = line
        self._rejected = rejected

    def __getitem__(self, column: str) -> str:
        return self._values[self._indices[column]]

    def named(self) -> dict[str, str]:
        """Returns all values by column."""
        return dict(zip(self._indices, self._values, strict=True))

    def reject(self, reason: str, problem: str) -> None:
        self._rejected.add(reason, line=self._line, problem=problem)

    def number(self, column: str) -> int | None:
        """Returns the number in `column`, or None, rejected, if there is none."""
        text = self[column]
        if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS:
            return int(text)
        self.reject("number", f"{column} {text!r:.80} is not a whole number")
        return None

    def new_id(self, column: str, known: dict) -> int | None:
        """Returns the id in `column`, or None, rejected, if there is none or it is `known`."""
        number = self.number(column)
        if number in known:
            self.reject("duplicate", f"{column} {number} stands on an earlier line")
            return None
        return number


class _Reader:
    """Reads what an edition tells of users and items, and the tags."""

    def __init__(self, inputs: Inputs, layout: Layout) -> None:
        self._inputs = inputs
        self._layout = layout

    def items(self) -> Entities:
        """Returns the items with their genres and year of release."""
        found: dict[int, tuple[list[str], int]] = {}
        for row in self._text(self._layout.items):
            number = row.new_id("item_id", found)
            if number is not None:
                values = row.named()
                genres = [one_line(genre) for genre in self._layout.genres(values)]
                found[number] = ([g for g in genres if g not in _NO_GENRE], _year(values))
        ids = sorted(found)
        columns = {
            "genres": pa.array([found[i][0] for i in ids], pa.list_(pa.string())),
            "release_year": pa.array([found[i][1] for i in ids], pa.int64()),
        }
        return Entities(ids=np.array(ids, np.int64), columns=columns)

    def users(self) -> Entities | None:
        """Returns the users, or None if the edition tells nothing of them."""
        if self._layout.users is None:
            return None
        found: dict[int, tuple[int, _Row]] = {}
        for row in self._text(self._layout.users):
            number = row.new_id("user_id", found)
            age = None if number is None else row.number("age")
            if number is not None and age is not None:
                found[number] = age, row
        ids = sorted(found)
        ages = np.array([found[i][0] for i in ids], np.int64)
        groups = _AGE_GROUPS[np.searchsorted(_AGE_GROUPS[1:], ages, side="right")]
        rows = [found[i][1] for i in ids]
        jobs = [one_line(self._layout.occupation(row["occupation"])) for row in rows]
        columns = {
            "gender": pa.array([one_line(row["gender"]) for row in rows], pa.string()),
            "age": pa.array(groups, pa.int64()),
            "occupation": pa.array(jobs, pa.string()),
            "zip": pa.array([one_line(row["zip_code"].strip()[:1]) for row in rows], pa.string()),
        }
        return Entities(ids=np.array(ids, np.int64), columns=columns)

    def tags(self, item_ids: np.ndarray) -> Tags | None:
        """Returns the tags, in lower case, of known items [N], or None if no file has them."""
        if self._layout.tags is None or self._layout.tags.file not in self._inputs.files:
            return None
        index = {str(number): i for i, number in enumerate(item_ids.tolist())}
        words: dict[str, int] = {}
        numbers: dict[str, int] = {}  # that of a word, by how it was written
        item, word, time = array("i"), array("i"), array("q")
        for row in self._text(self._layout.tags, may_be_empty=True):
            known = index.get(row["item_id"])
            if known is None:
                known = self._item_of(row, item_ids)
            if known is not None and (second := row.number("timestamp")) is not None:
                written = row["tag"]
                if written not in numbers:
                    plain = one_line(written).lower()
                    numbers[written] = words.setdefault(plain, len(words))
                item.append(known)
                word.append(numbers[written])
                time.append(second)
        return Tags(
            item=np.array(item, np.int32),
            word=np.array(word, np.int32),
            time=np.array(time, np.int64),
            names=pa.array(words, pa.string()),
        )

    def _item_of(self, row: _Row, item_ids: np.ndarray) -> int | None:
        """Returns the number of the row's item, or None, rejected, if there is none."""
        number = row.number("item_id")
        if number is None:
            return None
        if (known := Numbering(item_ids).numbers(np.array([number]))[0]) >= 0:
            return int(known)  # written as "007"
        row.reject("unknown_item", f"item_id {number} is not in {self._layout.items.file}")
        return None

    def _text(self, table: Table, *, may_be_empty: bool = False) -> Iterator[_Row]:
        """Yields the rows of a table, and checks at its end how many were rejected."""
        rejected = self._inputs.rejected_rows_of(table.file)
        indices = {name: index for index, name in enumerate(table.form.columns)}
        with self._inputs.files.open(table.file) as stream:
            for line, values in DelimitedFile(stream, table.form, rejected=rejected).text():
                yield _Row(values, indices, line=line, rejected=rejected)
        rejected.check(may_be_empty=may_be_empty)


def _year(row: dict[str, str]) -> int:
    """Returns the year of release, which titles carry last, as in "Heat (1995)"."""
    stated = row.get("release_year", "")
    found = [stated] if re.fullmatch("[0-9]{4}", stated) else _YEAR.findall(row["title"])
    return int(found[-1]) if found else UNKNOWN_YEAR
