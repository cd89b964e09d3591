"""Workers: every trial once, failures kept to themselves, a dead process replaced."""

import dataclasses
import functools
import multiprocessing
import os
import signal

import pytest
from sample_comparison import read_comparison, write_comparison

from ranker.compare import grid
from ranker.compare.pool import run_trials
from ranker.compare.processes import Process, Processes
from ranker.compare.worker import work

pytestmark = pytest.mark.slow  # each test starts processes that load TensorFlow

WORKERS = Processes(functools.partial(work, primary="like.auc"))


@pytest.fixture(scope="module")
def trials(tmp_path_factory, prepared):
    path = write_comparison(tmp_path_factory.mktemp("comparison"), prepared, dropout=0)
    return grid.distinct(grid.finals(read_comparison(path), path.parent, {}))


def test_runs_each_trial_once_and_records_what_fails(trials):
    nowhere = dataclasses.replace(trials[0].config.data, path="/nowhere")
    bad = dataclasses.replace(
        trials[0], key="bad", config=dataclasses.replace(trials[0].config, data=nowhere)
    )
    done = list(run_trials([bad, *trials], workers=WORKERS, num_workers=2))
    assert sorted(d.trial.key for d in done) == sorted(t.key for t in (bad, *trials))
    failed = {d.trial.key: d.columns["error"] for d in done if d.columns["status"] == "failed"}
    assert list(failed) == ["bad"]
    assert failed["bad"].startswith("FileNotFoundError: ")
    assert "/nowhere" in failed["bad"]


def kill_the_worker():
    (child,) = multiprocessing.active_children()
    os.kill(child.pid, signal.SIGKILL)


def test_a_trial_whose_worker_was_killed_is_tried_again_and_who_stops_leaves_no_process(trials):
    done = []
    for ended in run_trials(
        trials, workers=WORKERS, num_workers=1, is_stopping=lambda: len(done) >= 3
    ):
        done.append(ended)
        if len(done) == 1:
            kill_the_worker()
    assert [d.columns["error"] for d in done] == [""] * len(done)
    assert len({d.trial.key for d in done}) == len(done)
    assert 3 <= len(done) < len(trials)
    assert multiprocessing.active_children() == []


def test_a_trial_whose_worker_dies_twice_fails_alone(trials, monkeypatch):
    def begin(worker, trial):
        send(worker, trial)
        if trial.key == trials[0].key:
            multiprocessing.active_children()[0].kill()

    send = Process.begin
    monkeypatch.setattr(Process, "begin", begin)
    done = list(run_trials(trials[:2], workers=WORKERS, num_workers=1))
    assert [(d.trial.key, d.columns["status"]) for d in done] == [
        (trials[0].key, "failed"),
        (trials[1].key, "completed"),
    ]
    assert "died twice, exit code -9" in done[0].columns["error"]
    assert multiprocessing.active_children() == []
