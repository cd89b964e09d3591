"""A run that is prolonged is the run that was as long from the start."""

import json
import shutil

import numpy as np
import pytest
from small_jobs import MODEL, SMALL, Killed, at_call, logs, read_settings, run, write_settings

from ranker import job, train, wiring
from ranker.train import RunDirectoryError

pytestmark = pytest.mark.runs

CONFIG = (
    SMALL
    + MODEL
    + """[optimizer.dense]
rule = {{kind = "adam"}}
schedule = {{kind = "cosine", warmup_steps = 10, decay_steps = 60}}
[[clip]]
kind = "zclip"
[guard]
spike_filter = {{window = 16, minimum = 8}}
detect = {{}}
recovery = {{healthy_attempts = 5}}
[train]
epochs = 1
attempts_per_call = 10
log_every_attempts = 1
"""
)


@pytest.fixture(scope="module")
def read(prepared, tmp_path_factory):
    path = tmp_path_factory.mktemp("prolonged") / "config.toml"
    write_settings(path, CONFIG, prepared)
    return lambda *overrides: read_settings(path, *overrides)


@pytest.fixture(scope="module")
def short(read, tmp_path_factory):
    """A finished run of one epoch, to be copied."""
    workdir = tmp_path_factory.mktemp("short") / "run"
    begin(read(), workdir)
    return workdir


def begin(config, workdir, **how):
    workdir.mkdir(exist_ok=True)
    job.open_run_directory(config, workdir, command=[])
    done = wiring.finished(config, workdir)
    return done or run(config, workdir, **how)


def arrays(checkpoint):
    with np.load(checkpoint / "variables.npz") as found:
        return {name: found[name].tobytes() for name in found.files}


def test_a_prolonged_run_is_the_one_that_was_as_long_from_the_start(read, short, tmp_path):
    shutil.copytree(short, tmp_path / "run")
    before = train.read_result(short)
    with pytest.raises(Killed):
        begin(read("train.epochs=2"), tmp_path / "run", is_stopping=at_call(kill_at=2))
    assert "metrics" not in json.loads((tmp_path / "run/RESULT.json").read_text())
    result = begin(read("train.epochs=2"), tmp_path / "run")
    whole = begin(read("train.epochs=2"), tmp_path / "whole")
    assert before["attempts"] == 25
    assert result["attempts"] == whole["attempts"] == 50
    for name in ("metrics", "best_attempt", "config_sha256", "config_but_length_sha256"):
        assert result[name] == whole[name]
    assert result["config_sha256"] != before["config_sha256"]
    assert result["config_but_length_sha256"] == before["config_but_length_sha256"]
    for name in ("best", "000000000050"):
        assert arrays(tmp_path / "run/checkpoints" / name) == arrays(
            tmp_path / "whole/checkpoints" / name
        )
    told, of_whole = logs(tmp_path / "run"), logs(tmp_path / "whole")
    assert told["metrics.jsonl"] == of_whole["metrics.jsonl"]
    events = [event for event in told["events.jsonl"] if event["kind"] == "prolonged"]
    assert events == [{"kind": "prolonged", "attempt": 25, "step": 25, "from": 25, "to": 50}]
    assert wiring.finished(read("train.epochs=2"), tmp_path / "run") == result


def test_a_run_that_was_stopped_may_be_prolonged_too(read, tmp_path):
    workdir = tmp_path / "run"
    stopped = begin(read(), workdir, is_stopping=at_call(stop_at=1))
    assert stopped["status"] == "preempted"
    longer = read("train.max_attempts=30", "train.epochs=2")
    with pytest.raises(RunDirectoryError, match=r"train\.max_attempts: 0 -> 30"):
        begin(longer, workdir)  # no more than 30 is less than no bound
    result = begin(read("train.epochs=1.2"), workdir)
    assert (result["status"], result["attempts"]) == ("completed", 30)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (["train.epochs=0.5"], r"train\.epochs: 1\.0 -> 0\.5"),
        (["train.epochs=2", "seed=8"], r"seed: 7 -> 8"),
        (["train.epochs=2", "optimizer.dense.learning_rate=0.1"], "learning_rate: 0.05 -> 0.1"),
        (["train.epochs=2", "train.patience_evaluations=1"], "patience_evaluations: 0 -> 1"),
        (["train.epochs=2", "train.max_attempts=30"], r"train\.max_attempts: 0 -> 30"),
    ],
)
def test_every_other_change_is_refused(read, short, tmp_path, change, named):
    shutil.copytree(short, tmp_path / "run")
    settings = (tmp_path / "run/config.toml").read_bytes()
    with pytest.raises(RunDirectoryError, match=named):
        begin(read(*change), tmp_path / "run")
    assert (tmp_path / "run/config.toml").read_bytes() == settings
    assert train.read_result(tmp_path / "run") == train.read_result(short)


def test_a_run_that_diverged_is_not_prolonged(read, tmp_path):
    deadly = ["optimizer.dense.learning_rate=1e30", "guard.recovery=none", "clip=[]"]
    result = begin(read(*deadly), tmp_path / "run")
    assert result["status"] == "diverged"
    with pytest.raises(RunDirectoryError, match=r"RESULT\.json: of a run that diverged \(.*\)"):
        begin(read(*deadly, "train.epochs=2"), tmp_path / "run")
    assert begin(read(*deadly), tmp_path / "run") == result
