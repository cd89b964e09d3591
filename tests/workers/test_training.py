"""Real processes that train together: equal to each other, and to one process but for rounding."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import small_jobs

from ranker.train.checkpoint_files import read_checkpoint

pytestmark = pytest.mark.slow

CONFIG = """
seed = 5
[data]
path = "{data}"
batch_size = 16
[model]
embedding_width = 4
tower_units = [8]
dropout = 0.2
sharing = {{kind = "shared_bottom", units = [8]}}
[[clip]]
kind = "clippy"
[guard.detect]
[train]
epochs = 2
attempts_per_call = 5
log_every_attempts = 5
evaluate_every_attempts = 20
checkpoint_every_attempts = 10
[export]
enabled = false
"""


@pytest.fixture(scope="module")
def config(prepared, tmp_path_factory):
    path = tmp_path_factory.mktemp("workers") / "config.toml"
    return small_jobs.write_settings(path, CONFIG, prepared)


def start(config, workdir, size, *flags):
    """Starts a run of so many workers on this machine; returns their processes, the chief first."""
    sockets = [socket.socket() for _ in range(size)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    processes = []
    for rank in range(size):
        task = {"type": "worker", "index": rank}
        cluster = json.dumps({"cluster": {"worker": addresses}, "task": task})
        processes.append(train(config, workdir, *flags, TF_CONFIG=cluster))
    return processes


def train(config, workdir, *flags, **environment):
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "ranker",
            "train",
            f"--config={config}",
            f"--workdir={workdir}",
            *flags,
        ],
        cwd=Path(__file__).parents[2],
        env={**os.environ, **environment, "CUDA_VISIBLE_DEVICES": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(processes):
    """Returns the exit code of each, and what each said on standard error."""
    said = [process.communicate(timeout=600)[1] for process in processes]
    return [process.returncode for process in processes], said


def newest(workdir):
    path = max(path for path in (workdir / "checkpoints").glob("[0-9]*"))
    return path.name, read_checkpoint(path).arrays


@pytest.fixture(scope="module")
def alone(config, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("alone") / "run"
    small_jobs.run(small_jobs.read_settings(config), workdir)
    return workdir


def assert_close(workdir, alone):
    """The variables are those of one process, within what orders of adding make of a run."""
    (name, ours), (other, theirs) = newest(workdir), newest(alone)
    assert name == other
    assert ours.keys() == theirs.keys()
    for key, value in theirs.items():
        np.testing.assert_allclose(ours[key], value, rtol=2e-3, atol=2e-4, err_msg=key)


def test_several_go_on_from_what_one_began_and_train_what_one_does(config, alone, tmp_path):
    run = tmp_path / "run"
    settings = small_jobs.read_settings(config)
    begun = small_jobs.run(settings, run, is_stopping=small_jobs.at_call(stop_at=1))
    codes, said = finish([train(config, run, "--workers=2")])
    assert codes == [0], said
    assert "Resuming after attempt" in said[0]
    assert json.loads((run / "RESULT.json").read_text())["workers"] == 2
    assert_close(run, alone)
    ours, theirs = (small_jobs.logs(folder)["metrics.jsonl"] for folder in (run, alone))
    assert [line["attempt"] for line in ours] == [line["attempt"] for line in theirs]
    first = next(i for i, line in enumerate(ours) if line["attempt"] > begun["attempts"])
    assert ours[first]["losses"] == pytest.approx(theirs[first]["losses"], rel=1e-6)


def test_a_signal_to_any_stops_all_and_who_is_killed_ends_the_others_with_a_code_to_retry(
    config, tmp_path
):
    run, long = tmp_path / "run", "--set=train.epochs=2000"
    processes = start(config, run, 2, long)
    wait_for_checkpoint(processes[0], run, after=-1)
    processes[1].send_signal(signal.SIGTERM)
    codes, said = finish(processes)
    assert codes == [143, 143], said
    assert "Worker 0 of 2" in said[0]
    assert "Worker 1 of 2" in said[1]
    result = json.loads((run / "RESULT.json").read_text())
    assert (result["status"], result["workers"], result["rank"]) == ("preempted", 2, 0)
    assert json.loads((run / "environment.json").read_text())["workers"] == 2

    processes = start(config, run, 2, long)
    wait_for_checkpoint(processes[0], run, after=result["attempts"])
    processes[1].send_signal(signal.SIGKILL)
    codes, said = finish(processes)
    assert codes == [128, -9], said
    (line,) = [line for line in said[0].splitlines() if "the last checkpoint" in line]
    assert "worker 1 of 2 (127.0.0.1:" in line
    assert "is gone: stopped; the same command, on all workers, goes on" in line
    assert json.loads((run / "RESULT.json").read_text())["status"] == "failed"


def wait_for_checkpoint(process, workdir, *, after):
    """Waits for a checkpoint of an attempt behind `after`, or for the process to end."""
    names = []
    while process.poll() is None and max(names, default=-1) <= after:
        time.sleep(0.05)
        names = [int(path.name) for path in (workdir / "checkpoints").glob("[0-9]*")]
