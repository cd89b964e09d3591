"""The soak on a small budget: kills, and the same end to the last bit."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SEED = 106  # draws preparation, checkpoint and export
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


@pytest.mark.slow
def test_killed_three_times_the_end_is_the_same(tmp_path):
    write_ratings(tmp_path / "raw")
    (tmp_path / "config.toml").write_text(CONFIG)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.soak", "--kills=3", f"--seed={SEED}"),
            *(f"--config={tmp_path / 'config.toml'}", "--every=10"),
            *("--dataset=movielens-latest-small", f"--source={tmp_path / 'raw'}"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    kills = [int(line.split("|")[-2]) for line in done.stdout.splitlines()[2:-2]]
    # A write of so small a checkpoint may be over when its moment comes, and so may the export.
    assert sum(kills) == 3
    assert kills[0] == 1
    assert sum(kills[-2:]) == 1
    assert f"3 kills, seed {SEED}: not a bit differs" in done.stdout
