"""Which files an edition is made of, and how each delimits its values."""

import dataclasses
from collections.abc import Callable

from ranker.datasets.public.movielens.editions import Edition
from ranker.datasets.read.archives import Files
from ranker.datasets.read.text import Format

_GENRES = (  # of 100K: the order of u.item's last 19 columns, as u.genre has it
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary",
    "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi",
    "Thriller", "War", "Western",
)  # fmt: skip
_OCCUPATIONS = (  # 1M gives numbers into this list of its README
    "other", "educator", "artist", "clerical", "student", "customer service", "doctor",
    "executive", "farmer", "homemaker", "K-12 student", "lawyer", "programmer", "retired", "sales",
    "scientist", "self-employed", "technician", "tradesman", "unemployed", "writer",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Table:
    """One file and its format."""

    file: str
    form: Format


@dataclasses.dataclass(frozen=True, kw_only=True)
class Layout:
    """The files of an edition.

    Attributes:
      ratings, items, users, tags: the tables; None where there is none.
      genres: from an item's row to its genres.
      occupation: from the raw value to the occupation's name.
    """

    ratings: Table
    items: Table
    users: Table | None = None
    tags: Table | None = None
    genres: Callable[[dict[str, str]], list[str]]
    occupation: Callable[[str], str] = str


def layout_of(edition: Edition, files: Files) -> Layout:
    """Returns the layout of `edition`, RecBole's if `files` are RecBole's."""
    if edition.layout == "csv":
        return _csv(edition)
    if edition.layout == "double_colon":
        return _double_colon(edition)
    if "ml-100k.inter" in files and "u.data" not in files:
        return _recbole()
    return _pipe(edition)


def _named(row: dict[str, str]) -> list[str]:
    return row["genres"].split("|")


def _flagged(row: dict[str, str]) -> list[str]:
    return [genre for genre in _GENRES if row[genre] == "1"]


def _spaced(row: dict[str, str]) -> list[str]:
    return row["class"].split(" ")


def _numbered_occupation(value: str) -> str:
    numbered = {str(number): name for number, name in enumerate(_OCCUPATIONS)}
    return numbered.get(value, value)  # int() would fail on the digits that are not 0 to 9


_RATED = ("user_id", "item_id", "rating", "timestamp")
_ITEM = ("item_id", "title", "genres")
_TAG = ("user_id", "item_id", "tag", "timestamp")
_PERSON = ("user_id", "age", "gender", "occupation", "zip_code")


def _pipe(edition: Edition) -> Layout:
    def table(file: str, columns: tuple[str, ...], *, delimiter: str = "|") -> Table:
        return Table(file, Format(columns, delimiter, encoding=edition.encoding))

    item = ("item_id", "title", "release_date", "video_release_date", "url", *_GENRES)
    return Layout(
        ratings=table("u.data", _RATED, delimiter="\t"),
        items=table("u.item", item),
        users=table("u.user", _PERSON),
        genres=_flagged,
    )


def _recbole() -> Layout:
    def table(file: str, columns: tuple[str, ...], *header: str) -> Table:
        return Table(file, Format(columns, "\t", header=header or columns))

    item = ("item_id", "title", "release_year", "class")
    return Layout(
        ratings=table("ml-100k.inter", _RATED),
        items=table("ml-100k.item", item, "item_id", "movie_title", "release_year", "class"),
        users=table("ml-100k.user", _PERSON),
        genres=_spaced,
    )


def _double_colon(edition: Edition) -> Layout:
    def table(file: str, columns: tuple[str, ...]) -> Table:
        return Table(file, Format(columns, "::", encoding=edition.encoding))

    user = ("user_id", "gender", "age", "occupation", "zip_code")
    return Layout(
        ratings=table("ratings.dat", _RATED),
        items=table("movies.dat", _ITEM),
        users=table("users.dat", user) if edition.has_users else None,
        tags=table("tags.dat", _TAG) if edition.has_tags else None,
        genres=_named,
        occupation=_numbered_occupation,
    )


def _csv(edition: Edition) -> Layout:
    def table(file: str, columns: tuple[str, ...], *header: str) -> Table:
        return Table(file, Format(columns, ",", encoding=edition.encoding, header=header))

    return Layout(
        ratings=table("ratings.csv", _RATED, "userId", "movieId", "rating", "timestamp"),
        items=table("movies.csv", _ITEM, "movieId", "title", "genres"),
        tags=table("tags.csv", _TAG, "userId", "movieId", "tag", "timestamp"),
        genres=_named,
    )
