"""A whole run in this process: how it ends, and what it does on the way there again."""

import json
import shutil

import numpy as np
import pytest
from small_jobs import MODEL, SMALL, read_settings, run, write_settings

from ranker import serve
from ranker.train import CheckpointError

pytestmark = pytest.mark.runs

CONFIG = (
    SMALL
    + MODEL
    + """[train]
max_attempts = 40
attempts_per_call = 5
evaluate_every_attempts = 10
checkpoint_every_attempts = 10
"""
)
DEADLY = ("optimizer.dense.learning_rate=1e30", "clip=[]")


@pytest.fixture(scope="module")
def read(prepared, tmp_path_factory):
    path = tmp_path_factory.mktemp("job") / "config.toml"
    write_settings(path, CONFIG, prepared)
    return lambda *overrides: read_settings(path, *overrides)


@pytest.fixture(scope="module")
def whole(read, tmp_path_factory):
    """A run that nothing disturbed: its directory and its result."""
    workdir = tmp_path_factory.mktemp("whole") / "run"
    return workdir, run(read(), workdir)


def variables(checkpoint):
    with np.load(checkpoint / "variables.npz") as arrays:
        return {name: arrays[name].tobytes() for name in arrays.files}


@pytest.mark.slow
@pytest.mark.parametrize("error", [serve.ExportError("not as trained"), OSError(28, "full")])
def test_what_fails_at_the_export_loses_no_metrics(read, tmp_path, monkeypatch, error):
    def fail(*_, **__):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("ranker.job.export_run", fail)
        with pytest.raises(type(error)):
            run(read("train.max_attempts=5", "export.enabled=true"), tmp_path / "run")
    result = json.loads((tmp_path / "run/RESULT.json").read_text())
    assert (result["status"], result["reason"]) == ("failed", str(error))
    assert result["metrics"]["test"]["like"]["rows"] > 0
    monkeypatch.setattr("ranker.job.export_run", lambda *_, **__: "exported")
    again = run(read("train.max_attempts=5", "export.enabled=true"), tmp_path / "run")
    assert (again["status"], again["export"]) == ("completed", "exported")
    assert again["metrics"] == result["metrics"]


@pytest.mark.slow
def test_early_stopping_ends_the_run_and_stays_ended(read, tmp_path):
    config = read(
        "train.patience_evaluations=2", "train.max_attempts=2000",
        "optimizer.dense.learning_rate=1.0",
    )  # fmt: skip
    result = run(config, tmp_path / "run")
    assert result["status"] == "completed"
    assert result["attempts"] == result["best_attempt"] + 2 * 10 < 2000
    again = run(config, tmp_path / "run")
    assert again["metrics"] == result["metrics"]
    assert (again["status"], again["attempts"]) == ("completed", result["attempts"])


@pytest.mark.slow
def test_a_run_without_one_finite_evaluation_diverged(read, tmp_path):
    result = run(read("train.max_attempts=5", *DEADLY), tmp_path / "run")
    assert (result["status"], result["reason"]) == ("diverged", "no evaluation was finite")
    assert "no evaluation was finite" in (tmp_path / "run/events.jsonl").read_text()


def test_without_data_a_run_failed(read, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere/schema\.toml"):
        run(read(f"data.path={tmp_path / 'nowhere'}"), tmp_path / "run")
    assert json.loads((tmp_path / "run/RESULT.json").read_text())["status"] == "failed"


@pytest.mark.slow
def test_a_damaged_checkpoint_is_an_event_that_stays(whole, read, tmp_path):
    workdir, result = whole
    again = tmp_path / "run"
    shutil.copytree(workdir, again)
    newest, best = (again / "checkpoints" / name for name in ("000000000040", "best"))
    with (newest / "state.json").open("a") as file:
        file.write(" ")
    assert run(read(), again)["metrics"] == result["metrics"]
    (event,) = map(json.loads, (again / "events.jsonl").read_text().splitlines())
    assert (event["kind"], event["attempt"]) == ("damaged", 30)
    assert event["checkpoint"] == "000000000040"
    assert event["reason"] == "damaged: state.json has changed"
    assert variables(newest) == variables(workdir / "checkpoints/000000000040")
    shutil.rmtree(best)
    for directory in (again / "checkpoints").glob("[0-9]*"):
        (directory / "manifest.json").write_text("{}")
    with pytest.raises(CheckpointError, match="delete that folder to train from the start"):
        run(read(), again)
    assert len((again / "events.jsonl").read_text().splitlines()) == 1
