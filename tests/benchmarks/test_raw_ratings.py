"""Made ratings: the same by seed, in MovieLens' format, and like people's."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from benchmarks import raw_ratings
from ranker.datasets.examples import Inputs
from ranker.datasets.options import Options
from ranker.datasets.public.movielens.editions import EDITIONS
from ranker.datasets.public.movielens.read import read
from ranker.datasets.read.archives import Files

FILES = ("movies.csv", "ratings.csv", "tags.csv")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "raw"
    raw_ratings.write(folder, num_rows=20_000, seed=0)
    return folder


def _bytes(folder) -> list[bytes]:
    assert sorted(path.name for path in folder.iterdir()) == list(FILES)
    return [(folder / name).read_bytes() for name in FILES]


def test_the_same_seed_gives_the_same_bytes(folder, tmp_path):
    raw_ratings.write(tmp_path / "again", num_rows=20_000, seed=0)
    raw_ratings.write(tmp_path / "other", num_rows=20_000, seed=1)
    assert _bytes(tmp_path / "again") == _bytes(folder)
    assert all(a != b for a, b in zip(_bytes(tmp_path / "other"), _bytes(folder), strict=True))


@pytest.mark.parametrize("num_rows", [1, 57])
def test_any_number_of_rows_is_that_number(num_rows, tmp_path):
    raw_ratings.write(tmp_path / "few", num_rows=num_rows, seed=0)
    assert len(pd.read_csv(tmp_path / "few" / "ratings.csv")) == num_rows


def test_every_row_is_taken_and_those_of_a_user_stand_together(folder):
    with Files(folder) as files:
        inputs = Inputs("movielens-25m", files, Options(max_rejected_rows=0), folder)
        data = read(EDITIONS["movielens-25m"], inputs)
    assert len(data.user) == 20_000
    assert not any(rejected.counts for rejected in inputs.rejected)
    frame = pd.read_csv(folder / "ratings.csv")
    assert frame.equals(frame.sort_values(["userId", "movieId"]))


def test_ratings_are_like_those_of_people(folder):
    frame = pd.read_csv(folder / "ratings.csv")
    by_user, by_item = frame.groupby("userId").size(), frame.groupby("movieId").size()
    assert by_user[:-1].min() >= 20  # the last user is cut off
    assert by_user.mean() > 1.5 * by_user.median()
    assert by_item.nlargest(len(by_item) // 10).sum() > 0.3 * len(frame)
    same_second = frame.duplicated(["userId", "timestamp"]).mean()
    assert 0.05 < same_second < 0.5
    assert set(frame["rating"]) == set(np.arange(1, 11) / 2)
    # There is something to learn: items differ by more than chance alone would have it.
    often = frame[frame["movieId"].map(by_item) >= 20]
    means = often.groupby("movieId")["rating"].mean()
    assert means.var() > 2 * often["rating"].var() / 20


def test_a_folder_that_is_there_is_left_alone(folder):
    before = _bytes(folder)
    command = [sys.executable, "-m", "benchmarks.raw_ratings", "--rows=9", f"--output={folder}"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.strip().endswith("it is there already; name a folder to be made")
    assert _bytes(folder) == before
