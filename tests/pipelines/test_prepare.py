"""The program: what it says, where it writes, and how it exits."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.runs

ROOT = Path(__file__).parents[2]
HEAVY = ("tensorflow", "pandas", "pyarrow", "numpy")


def _run(*flags: str, check: int = 0) -> subprocess.CompletedProcess:
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.prepare", *flags],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == check, done.stderr
    return done


@pytest.fixture
def raw(tmp_path):
    """A folder with 40 ratings of MovieLens' CSV files."""
    folder = tmp_path / "raw"
    folder.mkdir()
    movies = "".join(f"{i},Film {i} (1999),Drama\r\n" for i in range(1, 11))
    (folder / "movies.csv").write_bytes(b"movieId,title,genres\r\n" + movies.encode())
    ratings = "".join(f"{u},{i},{i / 2},{9 * i}\r\n" for u in range(1, 5) for i in range(1, 11))
    head = b"userId,movieId,rating,timestamp\r\n"
    (folder / "ratings.csv").write_bytes(head + ratings.encode())
    (folder / "tags.csv").write_bytes(b"userId,movieId,tag,timestamp\r\n1,1,good,5\r\n")
    return folder


def test_help_loads_nothing_heavy_and_has_examples():
    code = f"import sys, pipelines.prepare; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
    text = _run("--help").stdout
    assert "python -m pipelines.prepare --dataset=movielens-100k" in text
    for flag in ("source", "cache", "split", "boundaries", "window_days", "negatives", "history"):
        assert f"--{flag}" in text


def test_the_list_says_which_loaders_never_met_real_files_and_prepares_nothing(tmp_path):
    said = _run("--list", f"--output={tmp_path / 'out'}").stdout.splitlines()
    lines = {line.split()[0]: line for line in said}
    assert "NEVER MET REAL FILES" in lines["ali-ccp"]
    assert "NEVER MET REAL FILES" not in lines["movielens-100k"]
    assert not (tmp_path / "out").exists()


def test_it_prepares_and_prints_a_table(raw, tmp_path):
    flags = ["--dataset=movielens-latest-small", f"--source={raw}", f"--output={tmp_path / 'out'}"]
    done = _run(*flags, "--split=window", "--window_days=0.0003", "--negatives=1")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["train", "validation", "test"]
    # Windows of 26 seconds: items 8 to 10 (72 to 90 s), 5 to 7, and 1 to 4 for each of 4 users.
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["options"]["window_days"] == 0.0003
    means = {part: row["mean_rating"] for part, row in manifest["rows"].items()}
    assert means == {"train": 1.25, "validation": 3.0, "test": 4.5}
    names = ["rows", "mean_like", "mean_rating", "mean_watch"]
    assert [line.split()[0] for line in lines[1:5]] == names
    assert lines[3].split()[1:] == ["1.25", "3.0", "4.5"]
    assert f"{tmp_path / 'out'}: window: the last 0.0003 days are test" in lines[5]
    assert f"reading {raw}" in done.stderr


def test_it_makes_rows_up_and_prints_the_best_that_can_be_done(tmp_path):
    sizes = ["--rows=2000", "--users=30", "--items=20", "--task_correlation=0.25"]
    done = _run("--dataset=movielens-like", *sizes, f"--output={tmp_path / 'out'}")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    asked = {"rows": 2000, "users": 30, "items": 20, "task_correlation": 0.25}
    assert manifest["options"].items() >= asked.items()
    told = [line.split() for line in done.stdout.splitlines() if "bayes" in line]
    assert [words[0] for words in told] == ["like", "finish", "share", "rating"]
    best = manifest["truth"]["tasks"]["like"]["bayes_auc_expected"]
    assert told[0][1:3] == ["bayes_auc_expected", f"{best},"]
    assert told[3][1:3] == ["bayes_rmse_expected", "0.8,"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            ["--rows=500"],
            "prepare: movielens-100k: its size is its files'; only a synthetic dataset takes",
        ),
        (["--datset=x"], "prepare: no flag --datset; did you mean --dataset?"),
        (
            ["--dataset=movielens-2m"],
            "prepare: no dataset 'movielens-2m'; did you mean 'movielens-32m'? there are: movie",
        ),
        (["--negatives=-1"], "prepare: negatives must be >= 0, got -1"),
        (["--source=/nowhere/at/all"], "prepare: /nowhere/at/all: no such folder or archive"),
        (["movielens-1m"], "prepare: not a flag: 'movielens-1m'"),
    ],
)
def test_a_bad_flag_is_one_line_and_exit_2(flags, message, tmp_path):
    done = _run(*flags, f"--output={tmp_path / 'out'}", check=2)
    last = done.stderr.splitlines()[-1]
    assert last.startswith(message)
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "movielens-25m",
            "25,000,095 were published: the files are a part, or broken off; figures",
        ),
        ("movielens-latest-small", None),
    ],
)
def test_a_part_of_an_edition_is_told_loudly(name, said, raw, tmp_path):
    flags = [f"--dataset={name}", f"--source={raw}", f"--output={tmp_path / 'out'}"]
    last = _run(*flags).stderr.splitlines()[-1]
    assert last.startswith("WARNING: ") == (said is not None)
    if said:
        assert f"WARNING: {name}: 40 rows were read, and {said}" in last


def test_a_folder_that_is_not_ours_is_one_line_and_exit_2_before_anything_is_read(tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "manifest.json").write_text('{"name": "add-on"}')
    done = _run("--source=/nowhere/at/all", f"--output={photos}", check=2)
    assert done.stderr.splitlines()[-1].startswith(
        f"prepare: {photos}: not replaced: it exists and has no manifest.json that prepare wrote; "
    )
    assert (photos / "manifest.json").exists()
    assert list(tmp_path.iterdir()) == [photos]


@pytest.mark.parametrize("flag", ["source", "cache", "output"])
def test_a_home_that_is_not_there_is_one_line_and_exit_2(flag, tmp_path):
    done = _run(f"--{flag}=~nosuchuser/x", check=2)
    assert done.stderr.splitlines()[-1] == (
        f"prepare: --{flag} is '~nosuchuser/x': there is no home directory for the ~; write the "
        "path in full"
    )
    assert "Traceback" not in done.stderr


def test_rejected_rows_are_one_line_and_exit_2_and_nothing_is_written(raw, tmp_path):
    with (raw / "ratings.csv").open("a") as file:
        file.write("1,1,7.5,3\n")
    done = _run(
        "--dataset=movielens-latest-small",
        f"--source={raw}",
        f"--output={tmp_path / 'out'}",
        "--max-bad-rows=0.002",
        check=2,
    )
    assert "prepare: --max_bad_rows is now called --max_rejected_rows" in done.stderr.splitlines()
    assert done.stderr.splitlines()[-1] == (
        "prepare: ratings.csv: 1 of 41 rows rejected, more than max_rejected_rows = 0.002 allows: "
        "1 for rating (ratings.csv, line 42: rating 7.5 is not one of 0.5 to 5 in steps of 0.5)"
    )
    assert list(tmp_path.iterdir()) == [raw]
