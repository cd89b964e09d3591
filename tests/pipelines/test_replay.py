"""The replay program, run as a user runs it."""

import subprocess
import sys
from pathlib import Path

import pytest
from small_jobs import MODEL, SMALL, write_settings

pytestmark = pytest.mark.slow  # each test is a process or two

ROOT = Path(__file__).parents[2]
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


def call(program, *flags):
    done = subprocess.run(
        [sys.executable, "-m", f"pipelines.{program}", *flags],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_refused_attempt_of_a_run_is_shown(prepared, tmp_path):
    config, workdir = tmp_path / "config.toml", tmp_path / "run"
    write_settings(config, CONFIG, prepared)
    assert call("train", f"--config={config}", f"--workdir={workdir}")[0] == 0
    code, out, err = call("replay", f"--workdir={workdir}", "--attempt=6")
    assert code == 0, err
    assert "Attempt 6, from the start: loss not finite, task rating" in out
    assert "the same as in the run" in out
    assert "First bad: label of rating" in out
    code, out, err = call("replay", f"--workdir={workdir}", "--attempt=7")
    assert (code, out) == (2, "")
    assert [line for line in err.splitlines() if line.startswith("replay: ")] == [
        f"replay: {workdir}/incidents: no batch of attempt 7 is kept; there are those of 6"
    ]


def test_a_folder_without_a_run_is_bad_input(tmp_path):
    code, out, err = call("replay", f"--workdir={tmp_path}", "--attempt=1")
    assert (code, out) == (2, "")
    assert "config.toml: No such file" in err
