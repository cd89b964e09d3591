"""A dataset of one's own, in one file: listed, prepared and trained on."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import small_jobs

pytestmark = pytest.mark.runs

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "examples" / "json_lines_log.py"
PLUGIN = "--plugin=examples.json_lines_log"
NAME = "json-lines-log"
BAD = {
    "no JSON": b"{",
    "no UTF-8": b'{"category": "\xff"}',
    "no object": b"[1]",
    "a column that is not there": b'{"timestamp": 1}',
    "no click": b'{"timestamp":1,"user_id":1,"item_id":1,"category":"a","price":1,"click":2}',
    "no price": b'{"timestamp":1,"user_id":1,"item_id":1,"category":"a","price":NaN,"click":1}',
    "no number": b'{"timestamp":1,"user_id":1,"item_id":1,"category":"a","price":1,"click":true}',
    "half": b'{"timestamp":1,"user_id":1,"item_id":1,"category":"\\ud800","price":1,"click":1}',
    "too deep": b"[" * 100_000,
    "no text": b'{"timestamp":1,"user_id":1,"item_id":1,"category":3,"price":1.5,"click":1}',
}


def prepare(*flags, path=None, code=0):
    environment = os.environ | ({"PYTHONPATH": str(path)} if path else {})
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.prepare", *flags],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done


def write_log(folder, num_rows, bad=()):
    """Writes impressions, a minute after each other but not in order, and `bad` lines behind."""
    random = np.random.default_rng(7)
    rows = [
        {
            "timestamp": 1_764_000_000 + 60 * int(minute),
            "user_id": int(random.integers(20)),
            "item_id": int(random.integers(30)),
            "category": ("shoes", "hats", " two\nlines ")[int(random.integers(3))],
            "price": round(float(random.random()) * 100, 2),
            "click": int(random.random() < 0.3),
        }
        for minute in random.permutation(num_rows)
    ]
    folder.mkdir()
    lines = [*(json.dumps(row).encode() for row in rows), *bad]
    (folder / "impressions.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    return rows


def test_it_is_prepared_and_trained_on(tmp_path):
    rows = write_log(tmp_path / "raw", 400)
    flags = [f"--dataset={NAME}", f"--source={tmp_path / 'raw'}", f"--output={tmp_path / 'data'}"]
    prepare(PLUGIN, *flags)
    table = [
        row
        for part, size in (("train", 320), ("validation", 40), ("test", 40))
        for row in checked(pq.read_table(tmp_path / "data" / f"{part}.parquet"), size).to_pylist()
    ]
    expected = sorted(rows, key=lambda row: row["timestamp"])
    for row, wanted in zip(table, expected, strict=True):
        assert row == wanted | {
            "category": " ".join(wanted["category"].split()),
            "price": np.float32(wanted["price"]),
        }
    manifest = json.loads((tmp_path / "data/manifest.json").read_text())
    assert (manifest["dataset"], manifest["files"]["impressions.jsonl"]["kept"]) == (NAME, 400)

    text = small_jobs.SMALL + small_jobs.MODEL
    path = small_jobs.write_settings(tmp_path / "run.toml", text, tmp_path / "data")
    config = small_jobs.read_settings(path, "train.max_attempts=5", "train.monitor='click.auc'")
    result = small_jobs.run(config, tmp_path / "run")
    assert result["status"] == "completed"
    assert 0 <= result["metrics"]["test"]["click"]["auc"] <= 1


def checked(table, num_rows):
    assert len(table) == num_rows
    return table


@pytest.mark.parametrize("line", BAD.values(), ids=BAD)
def test_a_bad_line_is_refused_by_its_number(line, tmp_path):
    write_log(tmp_path / "raw", 40, bad=[line])
    flags = [f"--dataset={NAME}", f"--source={tmp_path / 'raw'}", f"--output={tmp_path / 'data'}"]
    said = prepare(PLUGIN, *flags, code=2).stderr.splitlines()[-1]
    assert said.startswith(
        "prepare: impressions.jsonl: 1 of 41 rows rejected, more than max_rejected_rows = 0.001 "
        "allows: 1 for value (impressions.jsonl, line 41: "
    )
    assert not (tmp_path / "data").exists()


def test_the_list_and_the_flag_know_it_once_its_module_is_named(tmp_path):
    assert NAME not in prepare("--list").stdout
    line = f"{NAME:<23} NEVER MET REAL FILES; splits: global-temporal, random"
    assert prepare("--list", PLUGIN).stdout.splitlines()[-1] == line
    said = prepare("--dataset=json-line-log", PLUGIN, code=2).stderr
    assert said.startswith("prepare: no dataset 'json-line-log'; did you mean 'json-lines-log'? ")
    said = prepare(f"--dataset={NAME}", code=2).stderr
    assert said.endswith("one of your own is known once --plugin names its module\n")


def test_what_an_installed_package_offers_is_there_without_being_named(tmp_path):
    package = tmp_path / "theirs-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[ranker.plugins]\ntheirs = their_rows\n")
    (tmp_path / "their_rows.py").write_text(SOURCE.read_text().replace(NAME, "their-log"))
    names = [line.split()[0] for line in prepare("--list", path=tmp_path).stdout.splitlines()]
    assert names[-1] == "their-log"


def test_modules_that_cannot_be_used_are_told_by_name(tmp_path):
    (tmp_path / "twice.py").write_text(SOURCE.read_text().replace(NAME, "movielens-100k"))
    said = prepare("--list", "--plugin=twice", path=tmp_path, code=2).stderr
    assert said == (
        "prepare: 'twice' fails: DatasetError: dataset 'movielens-100k' is that of "
        "ranker.datasets.public.movielens.examples:load already; that of twice:load needs another "
        "name\n"
    )
    said = prepare("--list", "--plugin=examples.nowhere", PLUGIN, code=2).stderr
    assert said.startswith("prepare: 'examples.nowhere' cannot be imported: no module")
