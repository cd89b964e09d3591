"""Whole runs from shards on disk: the same as from memory, killed or not, and what is refused."""

import dataclasses
import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from small_jobs import MODEL, SMALL, logs, read_settings, run, write_settings
from tiny_dataset import tiny_table

from ranker import wiring
from ranker.input import ShardStream, StoredSplit
from ranker.spec.run import DataSettings
from ranker.train import Step
from ranker.wiring import trainer, training

pytestmark = pytest.mark.runs

CONFIG = (
    SMALL
    + MODEL
    + """[train]
max_attempts = 40
attempts_per_call = 3
log_every_attempts = 1
evaluate_every_attempts = 20
checkpoint_every_attempts = 10
[[inject]]
kind = "repeated_shard"
batches = 3
start = 14
stop = 17
"""
)
ROOT = Path(__file__).parents[2]
BUFFER = "data.buffer_examples=120"


@pytest.fixture(scope="module")
def sharded(prepared, tmp_path_factory):
    """The tiny dataset with its training rows in shards of 150 and row groups of 50, one bad."""
    folder = tmp_path_factory.mktemp("sharded") / "data"
    shutil.copytree(prepared, folder, ignore=shutil.ignore_patterns("train.parquet"))
    (folder / "train").mkdir()
    table = tiny_table(400, 0)
    rating = table["rating"].to_numpy().copy()
    rating[170] = 99.0
    table = table.set_column(table.column_names.index("rating"), "rating", [rating])
    for number in range(3):
        path = folder / "train" / f"part-{number}.parquet"
        pq.write_table(table.slice(150 * number, 150), path, row_group_size=50)
    return folder


@pytest.fixture(scope="module")
def settings(sharded, tmp_path_factory):
    return write_settings(tmp_path_factory.mktemp("config") / "c.toml", CONFIG, sharded)


def of_kind(settings, stream, *more):
    return read_settings(settings, "data.order=blocks", f"data.stream={stream}", BUFFER, *more)


def left(workdir):
    """Returns what a run leaves: its logs, and the bits of every variable at the end."""
    with np.load(workdir / "checkpoints/000000000040/variables.npz") as arrays:
        return logs(workdir) | {name: arrays[name].tobytes() for name in arrays.files}


@pytest.fixture(scope="module")
def from_memory(settings, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("memory") / "run"
    assert run(of_kind(settings, "never"), workdir)["rejected_rows"]["train"] == 1
    return workdir


def test_a_run_from_disk_is_one_from_memory_bit_for_bit(settings, from_memory, tmp_path):
    result = run(of_kind(settings, "always"), tmp_path / "run")
    assert result["status"] == "completed"
    assert result["rejected_rows"] == {"test": 0, "validation": 0, "train": 1}
    assert 0 <= result["input_bound_share"] < 1
    assert left(tmp_path / "run") == left(from_memory)
    (event, *_) = map(json.loads, (tmp_path / "run/events.jsonl").read_text().splitlines())
    (found,) = event["violations"]
    assert (found["file"], found["row_group"], found["row"]) == ("part-1.parquet", 0, 20)


def test_the_graph_is_traced_before_the_first_rows_have_come(settings, tmp_path, monkeypatch):
    stack, trace, is_traced = ShardStream.stack, Step.trace, threading.Event()

    def late(self, first, num):
        assert not num or is_traced.wait(timeout=600), "no graph"
        return stack(self, first, num)

    def noted(self, rows):
        trace(self, rows)
        is_traced.set()

    monkeypatch.setattr(ShardStream, "stack", late)
    monkeypatch.setattr(Step, "trace", noted)
    config = of_kind(settings, "always", "train.max_attempts=3", "inject=[]")
    assert run(config, tmp_path / "run")["status"] == "completed"


@pytest.mark.slow
def test_a_run_from_disk_that_was_killed_goes_on_and_leaves_the_same(
    settings, from_memory, tmp_path
):
    workdir = tmp_path / "run"
    command = [sys.executable, "-m", "pipelines.train", f"--config={settings}"]
    often = ("train.attempts_per_call=1", "train.checkpoint_every_attempts=1")
    changed = (BUFFER, "data.order=blocks", "data.stream=always", *often)
    command += [f"--workdir={workdir}", *(f"--set={setting}" for setting in changed)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not (workdir / "checkpoints/000000000005").exists():
            time.sleep(0.001)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert run(of_kind(settings, "always", *often), workdir)["status"] == "completed"
    assert left(workdir) == left(from_memory)


def exchange(path, data):
    """Puts another file in the place of `path`, at once: it may be being read."""
    (path.parent / ".new").write_bytes(data)
    (path.parent / ".new").replace(path)


@pytest.mark.slow
def test_damage_in_mid_run_is_told_and_once_mended_the_run_goes_on(
    settings, sharded, from_memory, tmp_path
):
    config, workdir, shard = of_kind(settings, "always"), tmp_path / "run", sharded / "train"
    whole = {path: path.read_bytes() for path in shard.iterdir()}

    def is_stopping(calls=[]):  # noqa: B006 - it counts
        calls.append(1)
        if len(calls) == 7:
            for path, data in whole.items():
                exchange(path, data[:4] + b"\xff" * 2000 + data[2004:])
        return False

    unreadable = r"row group \d, column \w+, cannot be read: .*; write it again"
    said = rf"train/part-\d\.parquet: ({unreadable}|changed since the run began)"
    try:
        with pytest.raises(ValueError, match=said):
            run(config, workdir, is_stopping=is_stopping)
        assert json.loads((workdir / "RESULT.json").read_text())["status"] == "failed"
        with pytest.raises(ValueError, match=r"train/part-\d\.parquet changed"):
            run(config, workdir)  # before anything is trained
    finally:
        for path, data in whole.items():
            path.write_bytes(data)
    assert run(config, workdir)["status"] == "completed"
    assert left(workdir) == left(from_memory)


@pytest.mark.slow
def test_a_shard_that_is_exchanged_in_mid_run_is_told_before_its_rows_are_learnt(
    settings, sharded, from_memory, tmp_path
):
    config, workdir, shard = of_kind(settings, "always"), tmp_path / "run", sharded / "train"
    whole = {path: path.read_bytes() for path in shard.iterdir()}

    def is_stopping(calls=[]):  # noqa: B006 - it counts
        calls.append(1)
        if len(calls) == 7:
            for path, other in zip(whole, reversed(whole), strict=True):
                exchange(path, whole[other])
        return False

    try:
        with pytest.raises(ValueError, match=r"part-\d\.parquet: .*(changed|row group)"):
            run(config, workdir, is_stopping=is_stopping)
        with pytest.raises(
            ValueError, match=r"other data: train/part-0\.parquet changed, train/par"
        ):
            run(config, workdir)
    finally:
        for path, data in whole.items():
            path.write_bytes(data)
    assert run(config, workdir)["status"] == "completed"
    assert left(workdir) == left(from_memory)


def opened(settings, *overrides):
    """Returns the training split that the settings give, and its stream."""
    config = read_settings(settings, *overrides)
    run = wiring.build_run(dataclasses.replace(config, inject=config.inject))
    split = wiring.open_training(run, on_progress=lambda read, of: None)
    return split, wiring.build_stream(config, split)


def test_what_fits_is_read_and_what_does_not_stays_on_disk(settings, monkeypatch):
    fits, _ = opened(settings, "data.order=blocks", BUFFER)
    assert not isinstance(fits, StoredSplit)
    monkeypatch.setattr(training, "free_bytes", lambda: 50_000)  # 400 rows of some 130 bytes
    large, _ = opened(settings, "data.order=blocks", BUFFER)
    assert isinstance(large, StoredSplit)
    assert len(large) == len(fits) == 399
    with pytest.raises(ValueError, match=r"train: 400 rows take 0\.0 GB .* data.order 'shuffled'"):
        opened(settings)
    assert not isinstance(opened(settings, "data.stream=never")[0], StoredSplit)


def test_what_needs_all_rows_in_memory_is_refused_on_disk(settings):
    with pytest.raises(ValueError, match="order must be blocks, time or window, got 'shuffled'"):
        DataSettings(stream="always")
    shift = "inject=[{kind='order_shift', order='item_age', start=2, stop=9}]"
    with pytest.raises(ValueError, match=r"inject\.0: order_shift orders all rows, and"):
        opened(settings, "data.order=blocks", "data.stream=always", shift)
    opened(settings, "data.order=blocks", BUFFER, shift)


def test_counting_says_how_far_it_is(settings, monkeypatch):
    monkeypatch.setattr(trainer, "_PROGRESS_SECONDS", 0)
    said: list[str] = []
    run = wiring.build_run(of_kind(settings, "always"))
    wiring.open_training(run, on_progress=trainer._counting_progress(said.append))
    places = (50, 100, 150, 200, 250, 300, 350, 400)
    assert said == [f"Counting the good rows of train: {n} of 400" for n in places]
