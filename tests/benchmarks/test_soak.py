"""The soak on a small budget: kills, and the same end to the last bit."""

import contextlib
import math
import os
import random
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import soak_compare
from benchmarks.soak_compare import Comparison, SoakError

ROOT = Path(__file__).parents[2]
SEED = 165  # draws of five: preparation, checkpoint, export, the comparison and a worker of it
CONFIG = """
[data]
batch_size = 16
[model]
embedding_width = 2
tower_units = [4]
sharing = {kind = "shared_bottom", units = [4]}
[train]
max_attempts = 60
attempts_per_call = 5
[export]
warmup_requests = 4
"""


def write_ratings(folder):
    """Writes the CSV files of a MovieLens edition: 20 users who rate 20 of 25 films."""
    folder.mkdir()
    draw = random.Random(0)
    films = "".join(f"{i},Film {i} (1999),Drama\n" for i in range(1, 26))
    (folder / "movies.csv").write_text("movieId,title,genres\n" + films)
    (folder / "tags.csv").write_text("userId,movieId,tag,timestamp\n1,1,good,5\n")
    rows = [
        f"{user},{item},{draw.randint(1, 10) / 2},{draw.randint(1, 10**6)}\n"
        for user in range(1, 21)
        for item in draw.sample(range(1, 26), 20)
    ]
    (folder / "ratings.csv").write_text("userId,movieId,rating,timestamp\n" + "".join(rows))


def soak(folder, *, kills, seed):
    """Returns the ended soak of a small job."""
    write_ratings(folder / "raw")
    (folder / "config.toml").write_text(CONFIG)
    return subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.soak", f"--kills={kills}", f"--seed={seed}"),
            *(f"--config={folder / 'config.toml'}", "--every=10"),
            *("--dataset=movielens-latest-small", f"--source={folder / 'raw'}"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def counts(done):
    """Returns the kills in each phase."""
    return [int(line.split("|")[-2]) for line in done.stdout.splitlines()[2:-2]]


@pytest.mark.slow
def test_killed_five_times_no_process_is_left_and_the_end_is_the_same(tmp_path):
    done = soak(tmp_path, kills=5, seed=SEED)
    assert done.returncode == 0, done.stderr
    kills = counts(done)
    # A write of so small a checkpoint may be over when its moment comes, and so may the export.
    assert sum(kills) == 5
    assert kills[0] == 1
    assert sum(kills[5:7]) == 1
    assert kills[7:] == [1, 1]
    assert f"5 kills, seed {SEED}: not a bit differs" in done.stdout


@pytest.fixture
def comparison(tmp_path):
    return Comparison(tmp_path, data=tmp_path / "data", config=tmp_path / "config.toml")


def test_a_process_that_is_left_behind_is_told(comparison, monkeypatch):
    monkeypatch.setattr(soak_compare, "_PATIENCE_SECONDS", 0.0)
    comparison._check(0)
    environment = os.environ | {"SOAK_FOLDER": str(comparison.folder)}
    left = subprocess.Popen([sys.executable, "-c", "input('spawn_main')"], env=environment,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    try:
        left.stdout.read(len("spawn_main"))
        with pytest.raises(SoakError, match=f"left behind after exit code -9: {{{left.pid}: "):
            comparison._check(-9)
    finally:
        left.kill()
        left.communicate()
    comparison._check(-9)
    with pytest.raises(FileNotFoundError):  # what it said, had it been started
        comparison._check(2)


def finish(folder, *, seconds=1.0, **columns):
    """Returns a comparison that ended in `folder`."""
    (folder / "compared/runs").mkdir(parents=True)
    (folder / "compared/runs/0123-4567.parquet").touch()
    table = pd.DataFrame([{"seconds": seconds, "run": "a", "losses": [0.5, math.nan]} | columns])
    table.to_parquet(folder / "compared/results.parquet")
    return Comparison(folder, data=folder, config=folder)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"seconds": 2.0}, ""),
        ({"run": "b"}, "run differs"),
        ({"losses": [0.5, 0.25]}, "losses differs"),
        ({"losses": [0.5]}, "losses differs"),
        ({"more": 1}, "other rows or columns"),
    ],
)
def test_what_the_clock_did_not_change_must_be_the_same(tmp_path, columns, said):
    reference, other = finish(tmp_path / "a"), finish(tmp_path / "b", **columns)
    with pytest.raises(SoakError, match=said) if said else contextlib.nullcontext():
        other.require_same(reference)


def test_a_file_more_beside_the_runs_is_a_difference(tmp_path):
    reference, other = finish(tmp_path / "a"), finish(tmp_path / "b")
    (tmp_path / "b/compared/runs/.0123.writing").touch()
    with pytest.raises(SoakError, match="runs: has"):
        other.require_same(reference)
