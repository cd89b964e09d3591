"""Writes synthetic ratings in the files of MovieLens-25M, of any size.

  python -m benchmarks.raw_ratings --rows=25000000 --output=/tmp/ml-25m
  python -m pipelines.prepare --dataset=movielens-25m --source=/tmp/ml-25m

The same seed and rows give the same bytes. Users have 20 ratings and more, half of them
fewer than some 70, in sittings of a few seconds a rating, many within one second; a few
items are rated by most, most by few. Stars follow the user, the item and the user's
taste for the item's genres, so that a model has something to learn. It is not MovieLens:
no figure of quality means anything on it.
"""

import csv
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from absl import flags
from pyarrow import csv as arrow_csv
from tqdm import tqdm

from ranker.cli import program

GENRES = (
    *("Action", "Adventure", "Animation", "Children", "Comedy", "Crime", "Documentary"),
    *("Drama", "Fantasy", "Film-Noir", "Horror", "IMAX", "Musical", "Mystery", "Romance"),
    *("Sci-Fi", "Thriller", "War", "Western"),
)
# Of MovieLens-25M, by its README: 62,423 films, 1,093,360 tags; the first and last rating.
_FULL_ROWS, _FULL_ITEMS, _FULL_TAGS = 25_000_095, 62_423, 1_093_360
_BEGIN, _END = 789_652_009, 1_574_327_703
_MIN_ITEMS = 100
_MIN_RATINGS, _EXTRA_MEDIAN, _EXTRA_DEVIATION = 20, 51.0, 1.39  # by user; the mean is 154
_BLOCK_USERS = 512
_PAUSE_SHARE, _PAUSE_SECONDS, _STEP_SECONDS = 0.07, 864_000.0, 6.0
_WORDS = ("slow", "dark", "funny", "quirky", "bleak", "tense", "warm", "strange", "classic")
_STARS = pa.array([f"{half / 2:.1f}" for half in range(1, 11)])


class Items(NamedTuple):
    """Films, [I] each: ids, how they are drawn (cumulated), quality in stars, genres [I, G]."""

    ids: np.ndarray
    chances: np.ndarray
    quality: np.ndarray
    has_genre: np.ndarray


def write(folder: Path, *, num_rows: int, seed: int, shows_progress: bool = False) -> None:
    """Writes ratings.csv, movies.csv and tags.csv into `folder`, whole or not at all.

    Raises:
      FileExistsError: if there is something at `folder`.
    """
    if folder.exists():
        raise FileExistsError(17, "it is there already; name a folder to be made", str(folder))
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    items = make_items(num_rows, seed)
    _write_items(items, partial / "movies.csv")
    num_users = _write_ratings(items, partial / "ratings.csv", num_rows, seed, shows_progress)
    _write_tags(items, partial / "tags.csv", num_users, num_rows, seed)
    partial.rename(folder)


def make_items(num_rows: int, seed: int) -> Items:
    """Returns as many films as go with `num_rows` ratings: with their square root."""
    random = np.random.default_rng([seed, 0])
    num_items = max(_MIN_ITEMS, round(_FULL_ITEMS * (num_rows / _FULL_ROWS) ** 0.5))
    weight = random.permutation(1 / (np.arange(num_items) + 30.0) ** 1.1)
    has_genre = random.random((num_items, len(GENRES))) < 0.13
    return Items(
        ids=np.cumsum(random.integers(1, 6, num_items)),
        chances=np.cumsum(weight / weight.sum()),
        quality=random.normal(0, 0.45, num_items).astype(np.float32),
        has_genre=has_genre,
    )


def blocks(items: Items, num_rows: int, seed: int) -> Iterator[pa.Table]:
    """Yields the ratings, users ascending, each user's items ascending."""
    first, left = 1, num_rows
    while left:
        random = np.random.default_rng([seed, 1, first])
        user, item, time = _events(items, random)
        user, item, time = (column[:left] for column in (user, item, time))
        half_stars = np.clip(np.rint(2 * _stars(items, user, item, random)), 1, 10)
        yield pa.table(
            {
                "userId": pa.array(user + first),
                "movieId": pa.array(items.ids[item]),
                "rating": _STARS.take(pa.array(half_stars.astype(np.int32) - 1)),
                "timestamp": pa.array(time),
            }
        )
        first, left = first + _BLOCK_USERS, left - len(user)


def _events(items: Items, random: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Returns users from 0, items and times of a block, by user and item."""
    extra = random.lognormal(np.log(_EXTRA_MEDIAN), _EXTRA_DEVIATION, _BLOCK_USERS)
    wanted = np.minimum(_MIN_RATINGS + extra.astype(np.int64), len(items.ids) // 2)
    user = np.repeat(np.arange(_BLOCK_USERS), 2 * wanted)  # twice, for those drawn again
    item = np.searchsorted(items.chances, random.random(len(user)))
    item = np.minimum(item, len(items.ids) - 1)
    _, place = np.unique(user * len(items.ids) + item, return_index=True)
    place.sort()
    user, item = user[place], item[place]
    is_kept = _rank(user) < wanted[user]
    user, item = user[is_kept], item[is_kept]
    time = _times(user, random)
    order = np.lexsort([items.ids[item], user])
    return user[order], item[order], time[order]


def _times(user: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Returns Unix seconds, ascending within each user: sittings with days between."""
    gap = random.exponential(_STEP_SECONDS, len(user))
    is_pause = random.random(len(user)) < _PAUSE_SHARE
    gap[is_pause] = random.exponential(_PAUSE_SECONDS, int(is_pause.sum()))
    total = np.cumsum(gap)
    starts = np.searchsorted(user, np.arange(_BLOCK_USERS))
    ends = np.searchsorted(user, np.arange(_BLOCK_USERS), side="right") - 1
    span = total[ends] - total[starts]
    begin = random.uniform(_BEGIN, _END, _BLOCK_USERS)
    pace = np.minimum(1.0, (_END - begin) / np.maximum(span, 1.0))
    return (begin[user] + pace[user] * (total - total[starts][user])).astype(np.int64)


def _stars(
    items: Items, user: np.ndarray, item: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    mood = random.normal(0, 0.4, _BLOCK_USERS)
    taste = random.normal(0, 0.6, (_BLOCK_USERS, len(GENRES)))
    num_genres = np.maximum(items.has_genre.sum(axis=1), 1)
    liking = np.einsum("ng,ng->n", taste[user], items.has_genre[item]) / num_genres[item]
    noise = random.normal(0, 0.8, len(user))
    return 3.5 + mood[user] + items.quality[item] + liking + noise


def _rank(user: np.ndarray) -> np.ndarray:
    """Returns each row's place among those of its user; users ascend."""
    return np.arange(len(user)) - np.searchsorted(user, user)


def _write_ratings(items: Items, path: Path, num_rows: int, seed: int, shows_progress: bool) -> int:
    """Writes the ratings and returns the number of the last user."""
    options = arrow_csv.WriteOptions(include_header=False, quoting_style="none")
    last = 0
    with (
        path.open("wb") as file,
        tqdm(total=num_rows, unit="row", unit_scale=True, disable=not shows_progress) as bar,
    ):
        file.write(b"userId,movieId,rating,timestamp\n")
        for table in blocks(items, num_rows, seed):
            arrow_csv.write_csv(table, file, options)
            last = table["userId"][-1].as_py()
            bar.update(len(table))
    return last


def _write_items(items: Items, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("movieId", "title", "genres"))
        for number, flags_of in zip(items.ids.tolist(), items.has_genre, strict=True):
            genres = "|".join(np.array(GENRES)[flags_of]) or "(no genres listed)"
            comma = "," if number % 4 == 0 else ""  # quoted, as many real titles are
            writer.writerow((number, f"Film{comma} {number} ({1930 + number % 90})", genres))


def _write_tags(items: Items, path: Path, num_users: int, num_rows: int, seed: int) -> None:
    random = np.random.default_rng([seed, 2])
    num_tags = round(_FULL_TAGS * num_rows / _FULL_ROWS)
    user = np.sort(random.integers(1, num_users + 1, num_tags))
    item = np.searchsorted(items.chances, random.random(num_tags))
    item = items.ids[np.minimum(item, len(items.ids) - 1)]
    number = (random.pareto(0.8, num_tags) * 20).clip(0, 60_000).astype(np.int64)
    time = random.integers(_BEGIN, _END, num_tags)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("userId", "movieId", "tag", "timestamp"))
        for u, i, n, t in zip(*(c.tolist() for c in (user, item, number, time)), strict=True):
            writer.writerow((u, i, f"{_WORDS[n % len(_WORDS)]} {n}", t))


def main(argv: Sequence[str]) -> int:
    """Writes the files; returns 2 if they cannot be."""
    asked = flags.FLAGS
    if not asked.output:
        return program.refuse("--output is missing: name the folder to write")
    folder = Path(asked.output).expanduser()
    try:
        write(folder, num_rows=asked.rows, seed=asked.seed, shows_progress=True)
    except OSError as error:
        return program.refuse(error)
    print(f"{folder}: {asked.rows:,} ratings")
    return 0


if __name__ == "__main__":  # here, so that another program may have flags of these names
    flags.DEFINE_string("output", None, "Folder to write; it must not be there.")
    flags.DEFINE_integer("rows", 25_000_000, "Ratings to write.", lower_bound=1)
    flags.DEFINE_integer("seed", 0, "Another seed, other ratings.", lower_bound=0)
    program.run(main)
