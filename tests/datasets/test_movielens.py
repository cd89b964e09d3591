"""Every edition's files: what they tell comes through, what is wrong with them is told."""

import numpy as np
import pytest
from movielens_columns import read_edition
from movielens_files import (
    make_world,
    title_with_year,
    write_csv,
    write_double_colon,
    write_pipe,
    write_recbole,
    zipped,
)

from ranker.datasets import Options, prepare
from ranker.datasets.errors import DatasetError
from ranker.datasets.public.movielens.editions import EDITIONS
from ranker.datasets.public.movielens.layouts import layout_of
from ranker.datasets.read.archives import Files

WRITERS = {
    "movielens-100k": write_pipe,
    "movielens-1m": write_double_colon,
    "movielens-10m": lambda folder, world: write_double_colon(folder, world, encoding="utf-8"),
}


def _write(folder, name: str, world):
    return WRITERS.get(name, write_csv)(folder, world)


def _read(path, name: str, *, max_rejected_rows: float = 0.0):
    return read_edition(path, name, max_rejected_rows=max_rejected_rows)[0]


def _world(name: str):
    return make_world(step=EDITIONS[name].step)


@pytest.mark.parametrize("kind", ["folder", "archive"])
@pytest.mark.parametrize("name", EDITIONS)
def test_ratings_come_in_order_of_time_ties_in_file_order(name, kind, tmp_path):
    world = _world(name)
    path = _write(tmp_path / "raw", name, world)
    path = zipped(path, tmp_path / "x.zip") if kind == "archive" else path
    data = _read(path, name)
    expected = sorted(world.ratings, key=lambda row: row[3])  # Python's sort is stable
    users, items = data.users.ids[data.user], data.items.ids[data.item]
    found = zip(users, items, data.rating, data.time, strict=True)
    assert [tuple(map(float, row)) for row in found] == [tuple(map(float, r)) for r in expected]


@pytest.mark.parametrize("name", EDITIONS)
def test_items_have_genres_and_a_year(name, tmp_path):
    world = _world(name)
    data = _read(_write(tmp_path / "raw", name, world), name)
    assert data.items.ids.tolist() == sorted(world.items)
    for i, item in enumerate(data.items.ids.tolist()):
        _, year, genres = world.items[item]
        assert data.items.columns["genres"][i].as_py() == genres
        assert data.items.columns["release_year"][i].as_py() == (year or 0)


@pytest.mark.parametrize("name", EDITIONS)
def test_only_editions_with_users_tell_of_them(name, tmp_path):
    world = _world(name)
    data = _read(_write(tmp_path / "raw", name, world), name)
    if name not in ("movielens-100k", "movielens-1m"):
        assert data.users.columns == {}
        assert data.users.ids.tolist() == sorted({row[0] for row in world.ratings})
        return
    assert data.users.ids.tolist() == sorted(world.users)
    columns = {name: column.to_pylist() for name, column in data.users.columns.items()}
    # Users are 9, 15, 21, ... years old.
    assert columns["age"] == [1, 1, 18, 25, 25, 35, 45, 50]
    assert columns["gender"] == ["F", "M"] * 4
    assert columns["zip"][:3] == ["V", "0", "9"]
    numbered = name == "movielens-1m"  # written as number 20
    assert columns["occupation"][:3] == (
        ["writer"] * 3 if numbered else ["writer", "other", "student"]
    )


@pytest.mark.parametrize("name", EDITIONS)
def test_tags_are_lower_case_words_of_items(name, tmp_path):
    world = _world(name)
    data = _read(_write(tmp_path / "raw", name, world), name)
    if name in ("movielens-100k", "movielens-1m"):
        assert data.tags is None
        return
    words = data.tags.names.to_pylist()
    assert words == ["funny", "dark", "sci, fi", 'so "good"']
    found = zip(data.items.ids[data.tags.item], data.tags.word, data.tags.time, strict=True)
    expected = [(i, words.index(tag.strip().lower()), t) for _, i, tag, t in world.tags]
    assert list(found) == expected


def test_both_sources_of_100k_give_the_same(tmp_path):
    world = make_world()
    official = _read(write_pipe(tmp_path / "official", world), "movielens-100k")
    recbole = _read(write_recbole(tmp_path / "recbole", world), "movielens-100k")
    for field in ("user", "item", "rating", "time"):
        np.testing.assert_array_equal(getattr(official, field), getattr(recbole, field))
    for side in ("users", "items"):
        mine, theirs = getattr(official, side), getattr(recbole, side)
        np.testing.assert_array_equal(mine.ids, theirs.ids)
        assert {k: v.to_pylist() for k, v in mine.columns.items()} == {
            k: v.to_pylist() for k, v in theirs.columns.items()
        }


@pytest.mark.parametrize(
    ("title", "year"),
    [
        ("Heat (1995)", 1995),
        ("Land Before Time III (1995) (V)", 1995),
        ("2001: A Space Odyssey (1968)", 1968),
        ("Death Note (2006\u20132007)", 2006),
        ("Series (1999-)", 1999),
        ("M (1931) (Re-release of 1951) (2002)", 2002),
        ("Babylon 5", 0),
        ("Room 1408 (12345)", 0),
    ],
)
def test_a_year_is_the_last_in_brackets(title, year, tmp_path):
    world = make_world(step=0.5)
    item = next(iter(world.items))
    world.items[item] = (title, None, ["Drama"])
    data = _read(write_csv(tmp_path / "raw", world), "movielens-20m")
    assert data.items.columns["release_year"][0].as_py() == year


BAD_RATINGS = {
    "columns": ("1\t3", "2 columns in place of 4"),
    "number": ("1\tthree\t4\t7", "item_id 'three' is not a whole number"),
    "id": ("-1\t3\t4\t7", "user_id -1 is not in 0 to"),
    "rating": ("1\t3\t5.5\t7", "rating 5.5 is not one of 1 to 5 in steps of 1"),
    "timestamp": ("1\t3\t4\t-7", "timestamp -7 is no time"),
    "unknown_item": ("1\t4\t4\t7", "item_id 4 is not in u.item"),
    "unknown_user": ("2\t3\t4\t7", "user_id 2 is not in u.user"),
    "duplicate": (None, "user_id 1 rated item_id"),
}


@pytest.mark.parametrize("reason", BAD_RATINGS)
def test_a_bad_rating_is_refused_up_to_the_share_and_an_error_above(reason, tmp_path):
    world = make_world()
    folder = write_pipe(tmp_path / "raw", world)
    whole = _read(folder, "movielens-100k")
    line, problem = BAD_RATINGS[reason]
    lines = (folder / "u.data").read_text().splitlines()
    line = line or lines[0][:-1] + "8"  # the same user and item at another time
    (folder / "u.data").write_text("\n".join([*lines, line]) + "\n")
    share = 1 / (len(lines) + 1)
    data, rejected = read_edition(folder, "movielens-100k", max_rejected_rows=share)
    for field in ("user", "item", "rating", "time"):
        np.testing.assert_array_equal(getattr(data, field), getattr(whole, field))
    report = rejected[-1].report()
    assert report["rejected"][reason]["rows"] == 1
    assert report["kept"] == len(lines)
    place = f"u.data, line {len(lines) + 1}: "
    assert report["rejected"][reason]["first"].startswith(place)
    assert problem in report["rejected"][reason]["first"]
    with pytest.raises(DatasetError) as caught:
        _read(folder, "movielens-100k", max_rejected_rows=share * 0.99)
    assert f"1 of {len(lines) + 1} rows rejected" in str(caught.value)
    assert place in str(caught.value)


@pytest.mark.parametrize("stars", [0, 0.25, 5.5, 4.9])
def test_half_star_editions_refuse_what_is_between(stars, tmp_path):
    world = make_world(step=0.5)
    world.ratings[2] = (*world.ratings[2][:2], stars, 9)
    with pytest.raises(DatasetError) as caught:
        _read(write_csv(tmp_path / "raw", world), "movielens-20m")
    assert f"ratings.csv, line 4: rating {stars:g} is not one of 0.5 to 5 in steps of 0.5" in str(
        caught.value
    )


@pytest.mark.parametrize(
    ("file", "line", "problem"),
    [
        ("movies.csv", "x,A (1990),Drama", "item_id 'x' is not a whole number"),
        ("movies.csv", "3,A (1990),Drama", "item_id 3 stands on an earlier line"),
        ("movies.csv", "1000,A, B (1990),Drama", "4 columns in place of 3"),
        ("tags.csv", "1,4,word,9", "item_id 4 is not in movies.csv"),
        ("tags.csv", "1,3,word,noon", "timestamp 'noon' is not a whole number"),
    ],
)
def test_a_rejected_row_of_the_other_tables_is_reported(file, line, problem, tmp_path):
    folder = write_csv(tmp_path / "raw", make_world(step=0.5))
    text = (folder / file).read_text() + line + "\n"
    (folder / file).write_text(text)
    with pytest.raises(DatasetError) as caught:
        _read(folder, "movielens-20m")
    assert problem in str(caught.value)
    _, rejected = read_edition(folder, "movielens-20m", max_rejected_rows=0.2)
    assert sum(of.counts.total() for of in rejected) == 1


def test_a_user_with_two_faults_is_refused_once(tmp_path):
    folder = write_pipe(tmp_path / "raw", make_world())
    with (folder / "u.user").open("a") as file:
        file.write("1|old|F|writer|94043\n")
    _, rejected = read_edition(folder, "movielens-100k", max_rejected_rows=0.2)
    assert dict(rejected[1].counts) == {"duplicate": 1}


@pytest.mark.parametrize("name", ["movielens-100k", "movielens-1m", "movielens-20m"])
@pytest.mark.parametrize("table", ["ratings", "items"])
def test_an_empty_file_is_an_error_that_names_it(name, table, tmp_path):
    folder = _write(tmp_path / "raw", name, _world(name))
    with Files(folder) as files:
        file = getattr(layout_of(EDITIONS[name], files), table).file
    (folder / file).write_bytes(b"")
    with pytest.raises(DatasetError, match=rf"{file}: empty file"):
        _read(folder, name)


def test_a_missing_file_is_named(tmp_path):
    folder = write_csv(tmp_path / "raw", make_world(step=0.5))
    (folder / "movies.csv").unlink()
    with pytest.raises(DatasetError, match=r"no file 'movies\.csv'"):
        _read(folder, "movielens-20m")


def test_utf_8_is_asked_of_10m_and_latin_1_of_1m(tmp_path):
    folder = write_double_colon(tmp_path / "raw", make_world(), encoding="latin-1")
    assert title_with_year(make_world(), 3).startswith("Amélie")
    _read(folder, "movielens-1m")
    with pytest.raises(DatasetError, match=r"movies\.dat, line 1: the bytes b'\\xe9lie"):
        _read(folder, "movielens-10m")


def test_an_unknown_dataset_is_told_what_there_is(tmp_path):
    said = r"no dataset 'movielens-2m'; did you mean 'movielens-\d+m'\? there are: movielens-100k"
    with pytest.raises(DatasetError, match=said):
        prepare("movielens-2m", tmp_path / "out", options=Options(cache=tmp_path))
