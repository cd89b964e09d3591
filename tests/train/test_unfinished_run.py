"""A run that is not over is said to be, by whoever takes its best checkpoint."""

import json

import pytest
from small_jobs import MODEL, SMALL, at_call, read_settings, run, write_settings

from ranker import files, job, train, wiring

pytestmark = pytest.mark.runs

CONFIG = (
    SMALL
    + MODEL
    + """[train]
max_attempts = 20
attempts_per_call = 5
evaluate_every_attempts = 5
"""
)


@pytest.fixture
def config(prepared, tmp_path):
    return read_settings(write_settings(tmp_path / "config.toml", CONFIG, prepared))


def start(config, workdir, **how):
    workdir.mkdir(exist_ok=True)
    job.open_run_directory(config, workdir, command=[])
    return run(config, workdir, **how)


@pytest.mark.slow
def test_a_run_that_was_stopped_is_said_to_be_not_finished(config, tmp_path, monkeypatch):
    monkeypatch.setattr("ranker.serve.saved_model.check_in_fresh_process", lambda *_, **__: None)
    there = tmp_path / "run"
    assert start(config, there, is_stopping=at_call(stop_at=2))["status"] == "preempted"
    stopped = wiring.load_run(there)
    assert stopped.unfinished == "not finished, at attempt 10 of 20"
    (there / "RESULT.json").unlink()  # as while it runs, or after kill -9
    assert wiring.load_run(there).unfinished == stopped.unfinished
    version = wiring.export_run(stopped, tmp_path / "export", result={})
    origin = json.loads((version / "assets.extra/origin.json").read_text())
    assert origin["unfinished"] == stopped.unfinished
    card = (version / "assets.extra/model_card.md").read_text()
    assert f"| run | {stopped.unfinished} |" in card
    assert start(config, there)["status"] == "completed"
    over = wiring.load_run(there)
    assert over.unfinished == ""
    version = wiring.export_run(over, tmp_path / "export", result={})
    assert "unfinished" not in json.loads((version / "assets.extra/origin.json").read_text())
    result = train.read_result(there)
    train.write_result(there, result | {"status": "failed"})  # at its export
    assert wiring.load_run(there).unfinished == ""


def test_a_directory_is_held_still_while_no_job_runs_in_it(tmp_path):
    with train.hold_still(tmp_path), train.hold_still(tmp_path):
        assert list(tmp_path.iterdir()) == []
    with (
        train.hold(tmp_path),
        pytest.raises(files.LockError, match="another job is running in it"),
        train.hold_still(tmp_path),
    ):
        pytest.fail("held")
    with (
        train.hold_still(tmp_path),
        train.hold_still(tmp_path),
        pytest.raises(files.LockError, match="another job is running in it"),
        train.hold(tmp_path),
    ):
        pytest.fail("held")


def test_a_new_directory_in_which_nothing_was_written_goes_with_the_error(tmp_path):
    there = tmp_path / "a/run"

    def use(*names):
        with train.hold(there):
            (there / "runs").mkdir(exist_ok=True)
            for name in names:
                (there / name).touch()
            raise FileNotFoundError(names)

    def fail(*names):
        with pytest.raises(FileNotFoundError):
            use(*names)

    fail()
    assert not there.exists()
    fail("RESULT.json")
    assert (there / "RESULT.json").exists()
    (there / "RESULT.json").unlink()
    fail()  # it was there before
    assert there.exists()
