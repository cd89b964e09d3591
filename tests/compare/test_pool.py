"""Workers: every trial once, failures kept to themselves, a dead process replaced."""

import dataclasses
import multiprocessing
import os
import signal

import pytest
from sample_comparison import read_comparison, write_comparison

from ranker.compare import grid
from ranker.compare.pool import run_trials

pytestmark = pytest.mark.slow  # each test starts processes that load TensorFlow


@pytest.fixture(scope="module")
def trials(tmp_path_factory, prepared):
    path = write_comparison(tmp_path_factory.mktemp("comparison"), prepared)
    return grid.distinct(grid.finals(read_comparison(path), path.parent, {}))


def test_runs_each_trial_once_and_records_what_fails(trials):
    nowhere = dataclasses.replace(trials[0].config.data, path="/nowhere")
    bad = dataclasses.replace(
        trials[0], key="bad", config=dataclasses.replace(trials[0].config, data=nowhere)
    )
    done = list(run_trials([bad, *trials], primary="like.auc", num_workers=2))
    assert sorted(d.trial.key for d in done) == sorted(t.key for t in (bad, *trials))
    failed = {d.trial.key: d.columns["error"] for d in done if d.columns["status"] == "failed"}
    assert list(failed) == ["bad"]
    assert failed["bad"].startswith("FileNotFoundError: ")
    assert "/nowhere" in failed["bad"]


def test_a_worker_that_dies_loses_its_trial_alone_and_who_stops_leaves_no_process(trials):
    done = []
    for ended in run_trials(
        trials, primary="like.auc", num_workers=1, is_stopping=lambda: len(done) >= 3
    ):
        done.append(ended)
        if len(done) == 1:
            (child,) = multiprocessing.active_children()
            os.kill(child.pid, signal.SIGKILL)
    assert [d.columns["status"] for d in done].count("failed") == 1
    assert 3 <= len(done) < len(trials)
    (error,) = [d.columns["error"] for d in done if d.columns["error"]]
    assert "died, exit code -9" in error
    assert multiprocessing.active_children() == []
