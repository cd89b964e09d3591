"""Writes small editions of MovieLens in the official formats, and RecBole's."""

import csv
import dataclasses
import io
import zipfile
from pathlib import Path

import numpy as np

GENRES = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime"),
    *("Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery"),
    *("Romance", "Sci-Fi", "Thriller", "War", "Western"),
)


@dataclasses.dataclass
class World:
    """What an edition tells, as Python values; ratings in file order."""

    ratings: list[tuple[int, int, float, int]]
    items: dict[int, tuple[str, int | None, list[str]]]  # id: title, year, genres
    users: dict[int, tuple[int, str, str, str]]  # id: age, gender, occupation, zip code
    tags: list[tuple[int, int, str, int]]


def make_world(
    *, seed: int = 0, num_users: int = 8, num_items: int = 12, step: float = 1.0
) -> World:
    """Returns a world with many ratings within one second, in no order of time."""
    random = np.random.default_rng(seed)
    titles = ["Amélie, la fable", 'The "Quoted", Film', "Plain", "Se7en (Seven)"]
    items = {
        10 * i + 3: (
            f"{titles[i % 4]} {i}",
            None if i == 5 else 1990 + i % 7,
            [] if i == 4 else sorted({GENRES[1 + i % 5], GENRES[8 + i % 3]}, key=GENRES.index),
        )
        for i in range(num_items)
    }
    jobs = ["writer", "other", "student"]
    users = {
        7 * u + 1: (9 + 6 * u, "FM"[u % 2], jobs[u % 3], ["V3N4P", "05201", "94043"][u % 3])
        for u in range(num_users)
    }
    ratings = []
    for user in users:
        rated = random.permutation(list(items))[: random.integers(4, num_items + 1)]
        for item in rated:
            stars = step * random.integers(1, int(5 / step) + 1)
            ratings.append((user, int(item), float(stars), int(random.integers(0, 9) * 40_000)))
    words = ["Funny", " dark ", "funny", "sci, fi", 'so "good"']
    tags = [
        (int(random.choice(list(users))), item, words[i % 5], int(random.integers(0, 9) * 40_000))
        for i, item in enumerate([*items, *items])
    ]
    return World(ratings=ratings, items=items, users=users, tags=tags)


def title_with_year(world: World, item: int) -> str:
    title, year, _ = world.items[item]
    return f"{title} ({year})" if year else title


def write_pipe(folder: Path, world: World) -> Path:
    folder.mkdir(exist_ok=True)
    data = [f"{u}\t{i}\t{int(r)}\t{t}" for u, i, r, t in world.ratings]
    items = []
    for item, (_, _, genres) in world.items.items():
        flags = [str(int(g in (genres or ["unknown"]))) for g in GENRES]
        items.append(
            "|".join([str(item), title_with_year(world, item), "01-Jan-1995", "", "url", *flags])
        )
    users = [f"{u}|{a}|{g}|{o}|{z}" for u, (a, g, o, z) in world.users.items()]
    (folder / "u.data").write_text("\n".join(data) + "\n", "latin-1")
    (folder / "u.item").write_text("\n".join(items) + "\n\n", "latin-1")
    (folder / "u.user").write_text("\n".join(users) + "\n", "latin-1")
    return folder


def write_recbole(folder: Path, world: World) -> Path:
    folder.mkdir(exist_ok=True)
    head = "user_id:token\titem_id:token\trating:float\ttimestamp:float"
    data = [head, *(f"{u}\t{i}\t{int(r)}\t{t}" for u, i, r, t in world.ratings)]
    items = ["item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq"]
    for item, (title, year, genres) in world.items.items():
        items.append(f"{item}\t{title}\t{year or 'unkown'}\t{' '.join(genres or ['unknown'])}")
    users = ["user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token"]
    users += [f"{u}\t{a}\t{g}\t{o}\t{z}" for u, (a, g, o, z) in world.users.items()]
    for name, lines in (("inter", data), ("item", items), ("user", users)):
        (folder / f"ml-100k.{name}").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def write_double_colon(folder: Path, world: World, *, encoding: str = "latin-1") -> Path:
    folder.mkdir(exist_ok=True)
    tables = {
        "ratings.dat": [(u, i, f"{r:g}", t) for u, i, r, t in world.ratings],
        "movies.dat": [
            (i, title_with_year(world, i), "|".join(g) or "(no genres listed)")
            for i, (_, _, g) in world.items.items()
        ],
        "users.dat": [(u, g, a, 20, z) for u, (a, g, _, z) in world.users.items()],
        "tags.dat": world.tags,
    }
    for name, rows in tables.items():
        text = "".join("::".join(map(str, row)) + "\n" for row in rows)
        (folder / name).write_text(text, encoding)
    return folder


def write_csv(folder: Path, world: World) -> Path:
    folder.mkdir(exist_ok=True)
    tables = {
        "ratings.csv": [("userId", "movieId", "rating", "timestamp"), *world.ratings],
        "movies.csv": [
            ("movieId", "title", "genres"),
            *(
                (i, title_with_year(world, i), "|".join(g) or "(no genres listed)")
                for i, (_, _, g) in world.items.items()
            ),
        ],
        "tags.csv": [("userId", "movieId", "tag", "timestamp"), *world.tags],
    }
    for name, rows in tables.items():
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows(rows)
        (folder / name).write_bytes(text.getvalue().encode())
    return folder


def zipped(folder: Path, archive: Path, *, inside: str = "ml") -> Path:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(folder.iterdir()):
            member = zipfile.ZipInfo(f"{inside}/{path.name}")  # the same bytes on any day
            file.writestr(member, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return archive
