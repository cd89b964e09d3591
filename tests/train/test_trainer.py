"""The trainer's periodic actions: done where they are due, whatever the plan's own periods."""

import pytest
import small_jobs
import tensorflow as tf

from ranker import wiring
from ranker.train import CheckpointError, Every, MemoryStore, Progress, Trainer

pytestmark = pytest.mark.runs

TRAIN = "[train]\nmax_attempts = 20\nattempts_per_call = 6\n"


def run_with(prepared, tmp_path, *actions, is_stopping=lambda: False):
    """Returns how a small run of twenty attempts ended."""
    text = small_jobs.SMALL + TRAIN + small_jobs.MODEL
    path = small_jobs.write_settings(tmp_path / "run.toml", text, prepared)
    run = wiring.build_run(small_jobs.read_settings(path))
    split = run.split("train")
    return Trainer(
        run.step,
        wiring.build_stream(run.config, split),
        wiring.build_plan(run.config, len(split)),
        progress=Progress(),
        actions=actions,
        is_stopping=is_stopping,
    ).run()


def test_an_action_has_a_period_of_its_own(prepared, tmp_path):
    every, ends, never = [], [], []
    outcome = run_with(
        prepared,
        tmp_path,
        Every(attempts=7, do=every.append),
        Every(attempts=13, do=ends.append, at_end=True),
        Every(attempts=100, do=never.append, at_stop=True),
    )
    assert (every, ends, never) == ([7, 14], [13, 20], [])
    assert (outcome.status, outcome.attempts) == ("completed", 20)


def test_one_that_is_due_at_a_stop_is_done_there(prepared, tmp_path):
    done = []
    saves = Every(attempts=100, do=done.append, at_stop=True)
    outcome = run_with(prepared, tmp_path, saves, is_stopping=lambda: True)
    assert (outcome.status, done) == ("preempted", [6])


def test_a_snapshot_that_is_not_kept_is_an_error_by_its_attempt():
    store, variable = MemoryStore(), {"v": tf.Variable(1.0)}
    store.save(5, variable, {}, needed=[5])
    store.save(6, variable, {}, needed=[5])
    assert store.restore(5, variable) == {}
    with pytest.raises(CheckpointError, match=r"no snapshot of attempt 6; there are: \[5\]"):
        store.restore(6, variable)
