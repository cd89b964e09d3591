"""Whole runs with faults: their events, and that one that was killed and resumed is the same."""

import json

import numpy as np
import pytest
from small_jobs import MODEL, SMALL, Killed, at_call, logs, read_settings, run, write_settings

pytestmark = pytest.mark.runs

CONFIG = (
    SMALL
    + MODEL
    + """[train]
max_attempts = 14
attempts_per_call = 2
log_every_attempts = 1
evaluate_every_attempts = 14
checkpoint_every_attempts = 5
[[inject]]
kind = "label_flip"
task = "like"
share = 0.3
start = 3
stop = 11
[[inject]]
kind = "not_finite"
feature = "user_count"
share = 1.0
start = 5
stop = 7
[[inject]]
kind = "embedding_scale"
table = "embedding/item_id"
factor = 3.0
start = 6
[[inject]]
kind = "repeated_shard"
batches = 3
start = 4
stop = 9
[[inject]]
kind = "rate_scale"
factor = 2.0
start = 12
stop = 100
"""
)


def left(workdir):
    """Returns what a run leaves: its logs, and the bits of every variable at the end."""
    with np.load(workdir / "checkpoints/000000000014/variables.npz") as arrays:
        return logs(workdir) | {name: arrays[name].tobytes() for name in arrays.files}


@pytest.fixture(scope="module")
def config(prepared, tmp_path_factory):
    path = tmp_path_factory.mktemp("injected") / "config.toml"
    return read_settings(write_settings(path, CONFIG, prepared))


@pytest.fixture(scope="module")
def whole(config, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("whole") / "run"
    assert run(config, workdir)["status"] == "completed"
    return workdir


def test_a_fault_is_an_event_when_it_begins_and_when_it_ends(whole):
    events = logs(whole)["events.jsonl"]
    short = [(e["kind"], e.get("injector"), e["attempt"], e["step"]) for e in events]
    assert short == [
        ("injected", "label_flip", 4, 4),
        ("injected", "repeated_shard", 5, 5),
        ("injected", "not_finite", 6, 5),
        ("refused", None, 6, 5),
        ("injected", "embedding_scale", 7, 5),
        ("refused", None, 7, 5),
        ("injection_ended", "not_finite", 7, 5),
        ("injection_ended", "embedding_scale", 7, 5),
        ("injection_ended", "repeated_shard", 9, 7),
        ("injection_ended", "label_flip", 11, 9),
        ("injected", "rate_scale", 13, 11),
    ]
    assert events[0] == {
        "kind": "injected",
        "injector": "label_flip",
        "index": 0,
        "attempt": 4,
        "until": 11,
        "task": "like",
        "share": 0.3,
        "step": 4,
    }
    assert [e["index"] for e in events if e["kind"] == "injected"] == [0, 3, 1, 2, 4]
    metrics = [json.loads(line) for line in (whole / "metrics.jsonl").read_text().splitlines()]
    rates = [line["learning_rates"][0] for line in metrics if "loss" in line]
    assert rates == [pytest.approx(0.05)] * 12 + [pytest.approx(0.1)] * 2


def test_a_run_that_goes_on_leaves_what_one_that_never_stopped_does(config, whole, tmp_path):
    # Stopped and saved after 6, with the embeddings' fault to come.
    stopped = run(config, tmp_path / "run", is_stopping=at_call(stop_at=6))
    assert (stopped["status"], stopped["attempts"]) == ("preempted", 6)
    # Killed after 12, with the fault behind it; saved after 10.
    with pytest.raises(Killed):
        run(config, tmp_path / "run", is_stopping=at_call(kill_at=4))
    assert '"attempt": 12,' in (tmp_path / "run/metrics.jsonl").read_text()
    assert run(config, tmp_path / "run")["status"] == "completed"
    assert left(tmp_path / "run") == left(whole)
