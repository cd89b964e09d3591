"""The replay program, run as a user runs it."""

import pytest
from programs import call_warm
from small_jobs import MODEL, SMALL, read_settings, run, write_settings

from ranker.spec import load

pytestmark = pytest.mark.slow  # each test is a process

CONFIG = (
    SMALL
    + MODEL
    + """[train]
max_attempts = 8
evaluate_every_attempts = 8
[[inject]]
kind = "not_finite"
task = "rating"
share = 0.3
start = 5
stop = 6
"""
)


def test_a_refused_attempt_of_a_run_is_shown(prepared, tmp_path):
    config = read_settings(write_settings(tmp_path / "config.toml", CONFIG, prepared))
    workdir = tmp_path / "run"
    assert run(config, workdir)["refused"] == 1
    (workdir / "config.toml").write_text(load.dump(config))
    code, out, err = call_warm("replay", f"--workdir={workdir}", "--attempt=6")
    assert code == 0, err
    assert "Attempt 6, from the start: loss not finite, task rating" in out
    assert "the same as in the run" in out
    assert "First bad: label of rating" in out


def test_an_attempt_without_a_batch_is_bad_input(whole):
    code, out, err = call_warm("replay", f"--workdir={whole.workdir}", "--attempt=7")
    assert (code, out) == (2, "")
    assert [line for line in err.splitlines() if line.startswith("replay: ")] == [
        f"replay: {whole.workdir}/incidents: no batch of attempt 7 is kept; there is none"
    ]
